"""The longest texts that are taken are counted and found by every service, on both databases."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from mediaops_common.lengths import LONGEST_ID, LONGEST_PUBLISHED_ID, LONGEST_TYPE

from tests.postgres import MISSING, binaries
from tests.system.replicas import until
from tests.system.running import System, a_system, new_databases

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NOW = datetime.now(UTC).replace(microsecond=0)
STAMP = NOW.isoformat().replace("+00:00", "Z")


@pytest.fixture(params=["sqlite", "postgresql"])
def on_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[System]:
    if request.param == "postgresql" and binaries() is None:
        pytest.skip(MISSING)
    databases = new_databases() if request.param == "postgresql" else {}
    with a_system(tmp_path, **databases) as system:
        yield system


def noise(length: int) -> str:
    """Chinese characters of four bytes that no database can pack into less."""
    return "".join(chr(random.randrange(0x20000, 0x2A6D0)) for _ in range(length))


def an_activity(channel: str, more: int = 0, only: str | None = None) -> dict[str, Any]:
    """One with the longest texts; one field, or all of them, longer by `more`."""

    def text(field: str, length: int) -> str:
        return noise(length + more if only in (field, None) else length)

    return {
        "channel_id": channel,
        "type": "track." + text("type", LONGEST_TYPE - len("track.")),
        "occurred_at": STAMP,
        "actor": {
            "external_id": text("actor.external_id", LONGEST_ID),
            "union_id": text("actor.union_id", LONGEST_ID),
            "name": text("actor.name", LONGEST_ID),
        },
        "content": {"external_id": text("content.external_id", LONGEST_ID)},
        "value": {"amount_minor": 1, "currency": "CNY"},
        "parent_external_id": text("parent_external_id", LONGEST_ID),
        "context": {"region": text("context.region", LONGEST_ID)},
        "dedup_key": text("dedup_key", LONGEST_ID),
    }


FIELDS = (
    "type",
    "actor.external_id",
    "actor.union_id",
    "actor.name",
    "content.external_id",
    "parent_external_id",
    "context.region",
    "dedup_key",
)


def publish(system: System, content: str, channel: str, external_id: str) -> int:
    body = {"content_id": content, "channel_id": channel, "external_id": external_id}
    key = {"Idempotency-Key": f"{uuid4().hex:k>255}"}
    sent = {**body, "published_at": STAMP}
    return system.call("POST", "/content/v1/publications", sent, headers=key).status_code


def test_the_longest_texts_are_counted_and_longer_ones_refused(on_database: System) -> None:
    system = on_database
    channel = system.add_channel(external_id=noise(200), name=noise(200))
    kept = an_activity(channel)
    sent = [kept, *(an_activity(channel, 1, field) for field in FIELDS)]
    told = system.call("POST", "/ingest/v1/activities", sent).json()
    assert (told["accepted"], [one["field"] for one in told["rejected"]]) == (1, list(FIELDS))
    reported = noise(LONGEST_ID)
    report = {"channel_id": channel, "metric": "m" * 64, "value": 7, "kind": "gauge"}
    report |= {"as_of": STAMP, "content": {"external_id": reported}}
    assert system.call("POST", "/ingest/v1/snapshots", [report]).json()["accepted"] == 1
    content = system.call("POST", "/content/v1/contents", {"title": "t", "body": "b"}).json()["id"]
    published = noise(LONGEST_PUBLISHED_ID)
    # content hears of the channel a moment later.
    until(lambda: publish(system, content, channel, published) == 201)
    assert publish(system, content, channel, published + "x") == 422

    system.settle()
    day = {"from": f"{NOW - timedelta(days=1):%F}", "to": f"{NOW + timedelta(days=1):%F}"}
    query = {"metric": "activities", "group_by": ["type", "content", "region"], **day}
    cells = system.ask("/insights/v1/metrics/query", params=query)["items"]
    assert [cell["group"] for cell in cells if cell["value"]] == [
        {
            "type": kept["type"],
            "content": kept["content"]["external_id"],
            "region": kept["context"]["region"],
        }
    ]
    person = {"identity": f"site:{kept['actor']['external_id']}"}
    [profile] = system.ask("/crm/v1/profiles", params=person)["items"]
    assert profile["identities"][0]["name"] == kept["actor"]["name"]

    def listed(external_id: str) -> int:
        found = system.ask("/insights/v1/contents/performance", params={"content": external_id})
        return len(found["items"])

    until(lambda: listed(published) == 1)
    assert (listed(reported), listed(kept["content"]["external_id"])) == (1, 1)
    operator = {"workspace": "*", "role": "operator"}
    for service in ("ingest", "content", "crm", "insights"):
        assert system.ask(f"/{service}/v1/admin/parked", **operator)["items"] == []
