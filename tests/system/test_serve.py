"""`mediaops serve` where something is not as it should be."""

import os
import subprocess

import pytest
from mediaops_common.cli.data_dir import owned
from mediaops_common.settings import StoreSettings

from tests.system.running import MEDIAOPS, System, free_port

SQLITE, POSTGRES, KAFKA = "sqlite:////data/{service}.db", "postgresql://db/{service}", "kafka://bus"


@pytest.mark.parametrize(
    ("database_url", "bus_url", "is_shared"),
    [
        (None, None, False),
        (SQLITE, KAFKA, False),
        (POSTGRES, None, False),
        (POSTGRES, "sqlite:////data/bus.db", False),
        (POSTGRES, KAFKA, True),
    ],
)
def test_only_what_lies_elsewhere_is_shared(database_url, bus_url, is_shared) -> None:
    assert StoreSettings(database_url=database_url, bus_url=bus_url).is_shared is is_shared


@pytest.mark.slow
def test_files_have_one_process_also_beside_kafka(tmp_path) -> None:
    environment = {
        "MEDIAOPS_DATA": str(tmp_path),
        "MEDIAOPS_DATABASE_URL": f"sqlite:///{tmp_path}/{{service}}.db",
        "MEDIAOPS_BUS_URL": f"kafka://127.0.0.1:{free_port()}",
        "MEDIAOPS_HTTP_PORT": "0",
    }
    with owned(tmp_path):
        done = subprocess.run(
            [MEDIAOPS, "serve", "crm"],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 1
    assert done.stderr.strip() == f"{tmp_path} is in use by process {os.getpid()}"


@pytest.mark.slow
def test_a_service_starts_without_a_broker_and_says_so(tmp_path) -> None:
    port = free_port()
    system = System(tmp_path / "data", MEDIAOPS_BUS_URL=f"kafka://127.0.0.1:{port}")
    system.environment["MEDIAOPS_DATA"] = str(system.data)
    system.environment["MEDIAOPS_HTTP_PORT"] = str(system.port)
    try:
        system.start_one("crm")
        answer = system.http.get("/crm/health/ready")
        assert answer.status_code == 503
        (bus,) = (check for check in answer.json()["checks"] if check["name"] == "bus")
        assert f"127.0.0.1:{port}" in bus["reason"]
        assert "MEDIAOPS_BUS_URL" in bus["repair"]
        assert system.stop() == 0
        lines = system.output().splitlines()
        assert [line for line in lines if "brokers_not_seen" in line]
        assert not [line for line in lines if "Traceback" in line], system.output()
    finally:
        system.kill()
        system.http.close()
