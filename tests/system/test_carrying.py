"""A data directory moves into PostgreSQL: the audit and the answers are what they were."""

import os
import shutil
import stat
from datetime import UTC, datetime

import pytest

from tests.faults.driver import WORKSPACES, Driver
from tests.ledger import Ledger
from tests.postgres import MISSING, binaries
from tests.system.answers import sampled, tell_the_past
from tests.system.running import SERVICES, System, a_system, event_body, new_databases, signed

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(binaries() is None, reason=MISSING),
]

FIRST = WORKSPACES[0]


def knock(system: System, source: dict, number: int, moment: datetime) -> int:
    body = event_body("comment.created", f"fan-{number}", moment, content={"external_id": "film-1"})
    headers = signed(source["secrets"]["secret"], f"carried-{number}", body, moment)
    path = source["hook_url"].partition("/ingest/")[2]
    return system.http.post(f"/ingest/{path}", content=body, headers=headers).status_code


def listed(system: System, path: str) -> list[str]:
    return sorted(row["id"] for row in system.ask(path, workspace=FIRST)["items"])


def test_a_dump_of_a_data_directory_goes_on_living_on_postgresql(tmp_path) -> None:
    today, file = datetime.now(UTC), tmp_path / "all.dump"
    with a_system(tmp_path) as laptop:
        Driver(laptop, Ledger(tmp_path / "ledger.jsonl"), seed=3).set_up()
        channels = [
            row["id"] for row in laptop.ask("/ingest/v1/channels", workspace=FIRST)["items"]
        ]
        source = laptop.add_source(channels[0], FIRST)
        tell_the_past(laptop, channels, today)
        made = laptop.call(
            "POST", "/content/v1/contents", {"title": "Film", "body": "b"}, workspace=FIRST
        )
        assert made.status_code == 201, made.text
        assert [knock(laptop, source, n, today) for n in range(3)] == [202] * 3
        laptop.settle()
        before = sampled(laptop, channels, today)
        lists = ("/ingest/v1/deliveries", "/content/v1/contents", "/ingest/v1/sources")
        listed_before = [listed(laptop, path) for path in lists]
        events = len(laptop.events(FIRST))
        received = laptop.audit()["received"]
        assert laptop.stop() == 0
        laptop.printed("dump", str(file), "--data", str(laptop.data))
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600

    moved = System(tmp_path / "moved", **new_databases())
    shutil.copytree(laptop.data / "keys", moved.data / "keys")
    # As an image that holds one service does: whose turn it is takes its own part.
    for service in SERVICES:
        moved.environment["MEDIAOPS_SERVICES"] = f'["{service}"]'
        moved.printed("load", str(file), "--data", str(moved.data))
    del moved.environment["MEDIAOPS_SERVICES"]
    try:
        moved.start()
        moved.settle()
        assert sampled(moved, channels, today) == before
        assert [listed(moved, path) for path in lists] == listed_before
        assert (len(moved.events(FIRST)), moved.audit()["received"]) == (events, received)
        assert moved.audit()["residual"] == 0
        delivery = listed_before[0][-1]
        assert moved.ask(f"/ingest/v1/deliveries/{delivery}/raw", workspace=FIRST)["body_base64"]
        # It lives on: repeats are known, what is new counts, under the same hook and secret.
        assert [knock(moved, source, n, today) for n in range(5)] == [202] * 5
        moved.settle()
        assert len(moved.events(FIRST)) == events + 2
        audit = moved.audit()
        assert (audit["residual"], audit["received"]) == (0, received + 5)
    finally:
        moved.kill()
        moved.http.close()
