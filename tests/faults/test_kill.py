"""`kill -9` of the whole process, at random moments under load and at each named point."""

import os
import random
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults.driver import Driver
from tests.faults.proof import prove
from tests.ledger import Ledger
from tests.system.replicas import until
from tests.system.running import System, a_system, new_system

pytestmark = pytest.mark.timeout(300)

SEED = int(os.environ.get("MEDIAOPS_TEST_SEED", "20261122"))


def kill_at_random(folder: Path, runtime: str, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    with a_system(folder, runtime) as system:
        ledger = Ledger(folder / "ledger.jsonl")
        driver = Driver(system, ledger, seed=seed)
        driver.set_up()
        driver.start()
        try:
            for _ in range(kills):
                time.sleep(chance.uniform(0.05, 2.0))
                system.kill()
                system.start()
        finally:
            driver.stop()
        assert driver.sent > kills * 10
        prove(system, ledger)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_six_kills_at_random_moments_lose_nothing(tmp_path, runtime) -> None:
    print(f"seed {SEED}")
    kill_at_random(tmp_path, runtime, 6, SEED)


@pytest.mark.nightly
@pytest.mark.timeout(3_000)
def test_forty_kills_at_random_moments_lose_nothing(tmp_path, runtime) -> None:
    print(f"seed {SEED}")
    kill_at_random(tmp_path, runtime, 40, SEED)


POINTS = {
    "door.after_commit": 40,
    "normaliser.in_transaction": 5,
    "archive_relay.after_publish": 5,
    "relay.after_publish": 3,
    "consumer.in_transaction": 12,
    "crm.compaction.in_transaction": 1,
    "insights.compaction.in_transaction": 1,
}


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_a_kill_at_each_named_point_loses_nothing(tmp_path, runtime) -> None:
    """One system that dies at one point after the other, and is whole after each."""
    with a_system(tmp_path, runtime) as system:
        ledger = Ledger(tmp_path / "ledger.jsonl")
        driver = Driver(system, ledger, seed=SEED, pause=0.02)
        driver.set_up()
        system.settle()
        for point, turn in POINTS.items():
            system.kill()
            system.start(MEDIAOPS_FAILPOINTS=f"{point}=kill@{turn}")
            driver.start()
            died = system.wait_for_death()
            if died:
                system.start()
                time.sleep(1.0)
            driver.stop()
            assert died, f"{point} was not reached {turn} times"
            print(f"killed at {point}")
            prove(system, ledger)


REBUILD_POINTS = ("rebuild.step", "rebuild.ended", "rebuild.swap", "republish.after_publish")


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize(
    "service",
    # The same code with the other service's tables: once a night.
    ["insights", pytest.param("crm", marks=pytest.mark.nightly)],
)
def test_a_kill_during_a_rebuild_loses_nothing(tmp_path, runtime, service) -> None:
    with a_system(tmp_path, runtime) as system:
        ledger = Ledger(tmp_path / "ledger.jsonl")
        driver = Driver(system, ledger, seed=SEED, pause=0.02)
        driver.set_up()
        driver.start()
        time.sleep(2.0)
        for generation, point in enumerate(REBUILD_POINTS, start=2):
            system.kill()
            system.start(MEDIAOPS_FAILPOINTS=f"{point}=kill@1")
            ask = (system.call, "POST", f"/{service}/v1/admin/rebuilds")
            threading.Timer(0.3, ask[0], ask[1:], OPERATOR).start()
            died = system.wait_for_death()
            if died:
                system.start()
            assert died, f"{point} was not reached"
            rebuilds = rebuilt(system, service)
            assert max(rebuild["generation"] for rebuild in rebuilds) == generation
        driver.stop()
        prove(system, ledger)


OPERATOR = {"workspace": "*", "role": "operator"}


def rebuilt(system: System, service: str) -> list[dict[str, Any]]:
    """The rebuilds, once each of them is done."""

    def rebuilds() -> list[dict[str, Any]]:
        return list(system.ask(f"/{service}/v1/admin/rebuilds", **OPERATOR)["items"])

    until(lambda: {rebuild["state"] for rebuild in rebuilds()} == {"done"})
    return rebuilds()


def old_activities(channel: str, moment: datetime) -> list[dict[str, object]]:
    stamp = moment.isoformat().replace("+00:00", "Z")
    return [
        {
            "channel_id": channel,
            "type": "like.created",
            "occurred_at": stamp,
            "actor": {"external_id": f"old-{n}"},
            "dedup_key": f"old-{n}",
        }
        for n in range(200)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("point", ["retention.in_transaction", "insights.retention.in_transaction"])
def test_a_kill_during_retention_loses_nothing_that_is_kept(tmp_path, runtime, point) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=450)
    system = new_system(tmp_path, runtime, MEDIAOPS_CLOCK=str(int(long_ago.timestamp())))
    try:
        system.start()
        # Not of this minute: the newest stand apart, and would end only after what drops the old.
        earlier = long_ago - timedelta(minutes=10)
        body = old_activities(system.add_channel(), earlier)
        assert system.call("POST", "/ingest/v1/activities", body).json()["accepted"] == 200
        system.settle()
        system.kill()
        del system.environment["MEDIAOPS_CLOCK"]
        system.forget_tokens()
        system.start(MEDIAOPS_FAILPOINTS=f"{point}=kill@1")
        assert system.wait_for_death(), f"{point} was not reached"
        system.start()
        until(lambda: system.ask("/ingest/v1/deliveries")["items"] == [])
        system.settle()
        assert len(system.events()) == 200
        assert system.audit()["residual"] == 0
    finally:
        system.close()
