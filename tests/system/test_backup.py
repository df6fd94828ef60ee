"""What a backup holds comes back whole, in both runtimes, and life goes on from it."""

import os
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.common.test_backups_of_postgresql import program
from tests.conftest import ON_ENGINES
from tests.faults.driver import WORKSPACES, Driver
from tests.ledger import Ledger
from tests.postgres import Cluster
from tests.system.answers import sampled, tell_the_past
from tests.system.running import SERVICES, System, a_system, engines, new_databases

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(1_800)]

FIRST = WORKSPACES[0]


class Company:
    """Its past, what it asks, and the acts of which the backup knows nothing."""

    def __init__(self, system: System, folder: Path) -> None:
        self.system, self.today = system, datetime.now(UTC)
        self.driver = Driver(system, Ledger(folder / "ledger.jsonl"), seed=5)
        self.driver.set_up()
        channels = system.ask("/ingest/v1/channels", workspace=FIRST)["items"]
        self.channels = [channel["id"] for channel in channels]
        tell_the_past(system, self.channels, self.today)
        system.settle()
        self.before = sampled(system, self.channels, self.today)
        self.events = len(system.events(FIRST))

    def act_on(self) -> None:
        """Ten acts; sent again they are the same ones."""
        acts = [
            {
                "channel_id": self.channels[0],
                "type": "like.created",
                "actor": {"external_id": "late-fan"},
                "occurred_at": self.today.isoformat(),
                "dedup_key": f"late-{n}",
            }
            for n in range(10)
        ]
        answer = self.system.call("POST", "/ingest/v1/activities", acts, workspace=FIRST)
        assert answer.json()["accepted"] == 10, answer.text

    def check(self) -> None:
        """As at the backup; then the senders repeat what came after it, and no number is wrong."""
        system = self.system
        system.settle()
        assert sampled(system, self.channels, self.today) == self.before
        assert len(system.events(FIRST)) == self.events
        assert system.audit()["residual"] == 0
        for _ in range(2):
            self.act_on()
        system.settle()
        assert len(system.events(FIRST)) == self.events + 10
        audit = system.audit()
        assert (audit["residual"], audit["in_flight"], audit["parked"]) == (0, 0, 0)
        assert {system.http.get(f"/{s}/health/ready").status_code for s in SERVICES} == {200}


def test_a_data_directory_comes_back_from_its_copy(tmp_path) -> None:
    with a_system(tmp_path) as system:
        company = Company(system, tmp_path)
        assert system.stop() == 0
        shutil.copytree(system.data, tmp_path / "backup")
        system.start()
        company.act_on()
        system.settle()
        system.kill()
        shutil.rmtree(system.data)
        shutil.copytree(tmp_path / "backup", system.data)
        system.start()
        company.check()


@pytest.fixture
def cluster():
    made = Cluster()
    yield made
    made.remove()


@pytest.fixture
def new_bus(runtime):
    """A bus without a record, as after its topics were removed."""
    return lambda: {"MEDIAOPS_BUS_URL": engines(runtime)["MEDIAOPS_BUS_URL"]}


@pytest.mark.parametrize("runtime", [pytest.param("distributed", marks=ON_ENGINES)], indirect=True)
def test_dumps_of_postgresql_come_back(tmp_path, cluster, new_bus) -> None:
    databases = new_databases(cluster)
    with a_system(tmp_path, **databases, **new_bus()) as system:
        company = Company(system, tmp_path)
        assert system.stop() == 0
        for name in SERVICES:
            url = databases["MEDIAOPS_DATABASE_OWNER_URL"].replace("{service}", name)
            subprocess.run(
                [
                    *(program(cluster, "pg_dump"), "--enable-row-security", "--format=custom"),
                    f"--file={tmp_path / name}.dump",
                    url,
                ],
                env={**os.environ, "PGOPTIONS": "-c mediaops.workspace=*"},
                check=True,
            )
        system.start()
        company.act_on()
        system.settle()
        system.kill()
        restored = new_databases(cluster)
        for name in SERVICES:
            url = restored["MEDIAOPS_DATABASE_OWNER_URL"].replace("{service}", name)
            restore = [program(cluster, "pg_restore"), "--exit-on-error", f"--dbname={url}"]
            subprocess.run([*restore, f"{tmp_path / name}.dump"], check=True)
        system.environment |= {**restored, **new_bus()}
        system.start()
        company.check()


@pytest.mark.parametrize("runtime", [pytest.param("distributed", marks=ON_ENGINES)], indirect=True)
def test_a_base_backup_under_load_comes_back(tmp_path, cluster, new_bus) -> None:
    with a_system(tmp_path, **new_databases(cluster), **new_bus()) as system:
        company = Company(system, tmp_path)
        company.driver.start()
        time.sleep(3.0)
        cluster.back_up(str(program(cluster, "pg_basebackup")))
        time.sleep(3.0)
        company.driver.stop()
        system.settle()
        whole = len(system.events(FIRST))
        system.kill()
        cluster.restore()
        system.environment |= new_bus()
        system.start()
        system.settle()
        assert company.events < len(system.events(FIRST)) < whole
        company.events = len(system.events(FIRST))
        company.check()
