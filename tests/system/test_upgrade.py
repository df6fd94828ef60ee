"""The data of the first release comes up to this version, and further into PostgreSQL."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.faults.driver import WORKSPACES
from tests.postgres import MISSING, binaries
from tests.system.answers import sampled
from tests.system.running import System, new_databases

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]

FIRST = WORKSPACES[0]
RELEASE = Path(__file__).with_name("release_a.zip")
"""A data directory of the first release: two workspaces, sixteen days of a small audience, a
content and its publication; and what it answered. Its keys are not in it."""

MOMENT = datetime(2026, 11, 25, 4, tzinfo=UTC)
"""When it was made, and when it is looked at again."""


@pytest.fixture
def release(tmp_path):
    """(the data directory, the answers)."""
    data = tmp_path / "data"
    with zipfile.ZipFile(RELEASE) as archive:
        archive.extractall(data)
    return data, json.loads((data / "answers.json").read_text())


def looked_at(data: Path, **environment: str) -> System:
    return System(data, MEDIAOPS_CLOCK=str(int(MOMENT.timestamp())), **environment)


def of_then(answer: Any, then: Any) -> Any:
    """An answer without the fields that were added since."""
    if isinstance(answer, dict) and isinstance(then, dict):
        return {name: of_then(value, then[name]) for name, value in answer.items() if name in then}
    if isinstance(answer, list) and isinstance(then, list) and len(answer) == len(then):
        return [of_then(*pair) for pair in zip(answer, then, strict=True)]
    return answer


def check(system: System, told: dict) -> None:
    """Everything is as it was, and what comes now counts."""
    system.settle()
    assert told["sampled"] == of_then(sampled(system, told["channels"], MOMENT), told["sampled"])
    for name, path in (
        ("contents", "/content/v1/contents"),
        ("deliveries", "/ingest/v1/deliveries"),
    ):
        assert told[name] == of_then(system.ask(path, workspace=FIRST), told[name])
    assert len(system.events(FIRST)) == told["events"]
    before, audit = told["audit"], system.audit()
    assert (audit["residual"], audit["received"]) == (0, before["received"])
    act = {
        "channel_id": told["channels"][0],
        "type": "like.created",
        "actor": {"external_id": "a-new-fan"},
        "occurred_at": MOMENT.isoformat(),
        "dedup_key": "new",
    }
    # A key of the past, which one of the channels has had.
    acts = [act, *(act | {"channel_id": c, "dedup_key": "past-1"} for c in told["channels"])]
    answer = system.call("POST", "/ingest/v1/activities", acts, workspace=FIRST)
    assert answer.json()["accepted"] == len(acts), answer.text
    system.settle()
    assert len(system.events(FIRST)) == told["events"] + len(acts) - 1
    audit = system.audit()
    assert (audit["residual"], audit["received"]) == (0, before["received"] + len(acts))


def test_a_data_directory_of_the_first_release_goes_on(release) -> None:
    data, told = release
    system = looked_at(data)
    try:
        system.start()
        check(system, told)
        assert system.stop() == 0
    finally:
        system.kill()
        system.http.close()


@pytest.mark.nightly
@pytest.mark.skipif(binaries() is None, reason=MISSING)
def test_a_data_directory_of_the_first_release_goes_into_postgresql(release, tmp_path) -> None:
    data, told = release
    moved = looked_at(tmp_path / "moved", **new_databases())
    try:
        looked_at(data).printed("dump", str(tmp_path / "all.dump"), "--data", str(data))
        moved.printed("load", str(tmp_path / "all.dump"), "--data", str(moved.data))
        moved.start()
        check(moved, told)
    finally:
        moved.kill()
        moved.http.close()
