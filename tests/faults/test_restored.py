"""A database from an older backup gives no number again that others have seen."""

import shutil
import time

import pytest

from tests.system.running import SERVICES, a_system

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(300)]


def a_like(channel: str, number: int) -> dict[str, object]:
    return {
        "channel_id": channel,
        "type": "like.created",
        "actor": {"external_id": "fan"},
        "occurred_at": "2026-11-20T08:00:00Z",
        "dedup_key": str(number),
    }


def test_ingest_from_an_older_backup_numbers_nothing_and_names_the_repair(tmp_path) -> None:
    with a_system(tmp_path) as system:
        channel = system.add_channel()
        system.call("POST", "/ingest/v1/activities", [a_like(channel, 1)])
        system.settle()
        assert system.stop() == 0
        newer, older = tmp_path / "newer", tmp_path / "older"
        shutil.copytree(system.data, older)
        system.start()
        system.call("POST", "/ingest/v1/activities", [a_like(channel, n) for n in range(2, 6)])
        system.settle()
        assert system.stop() == 0
        shutil.copytree(system.data, newer)
        shutil.copy(older / "ingest.db", system.data / "ingest.db")
        system.start()
        # What comes is kept: it is read once the right database is back.
        answer = system.call("POST", "/ingest/v1/activities", [a_like(channel, 9)])
        assert answer.status_code == 202
        time.sleep(1.0)
        ready = system.http.get("/ingest/health/ready")
        assert ready.status_code == 503
        failed = {check["name"]: check for check in ready.json()["checks"] if not check["ok"]}
        assert "backup" in failed["archive"]["repair"]
        assert len(system.events()) == 1
        assert system.stop() == 0
        shutil.copy(newer / "ingest.db", system.data / "ingest.db")
        system.start()
        system.settle()
        assert len(system.events()) == 6
        assert {system.http.get(f"/{s}/health/ready").status_code for s in SERVICES} == {200}
        assert system.audit()["residual"] == 0
