"""A wrong name leaves the profile when the mapping that told it is mended; a rebuild agrees."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.system.replicas import until
from tests.system.running import System, signed
from tests.system.test_rebuild import rebuild

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SENT = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
ITEM = {
    "user": "u1",
    "phone": "13800138000",
    "nick": "小王",
    "time": SENT.isoformat(),
    "wrong_time": (SENT + timedelta(days=1)).isoformat(),
}


def a_mapping(time: str, name: str | None) -> dict[str, Any]:
    actor = {"external_id": "=item.user"} | ({"name": name} if name else {})
    rule = {
        "type": "like.created",
        "occurred_at": {"from": f"item.{time}", "time": "rfc3339"},
        "actor": actor,
    }
    return {"applies_to": "all", "activities": [rule]}


def replay(system: System, source_id: str, mapping: dict[str, Any]) -> dict[str, Any]:
    path = f"/ingest/v1/sources/{source_id}"
    etag = system.call("GET", path).headers["ETag"]
    mended = system.call("PATCH", path, {"mapping": mapping}, headers={"If-Match": etag})
    assert mended.status_code == 200, mended.text
    begun = system.call("POST", "/ingest/v1/deliveries/replay", {"source_id": source_id}).json()
    path = f"/ingest/v1/deliveries/replays/{begun['replay_id']}"
    until(lambda: system.ask(path)["state"] == "done")
    system.settle()
    counts: dict[str, Any] = system.ask(path)["counts"]
    return counts


def name_of(system: System) -> str | None:
    [profile] = system.ask("/crm/v1/profiles", params={"identity": "site:u1"})["items"]
    name: str | None = profile["identities"][0]["name"]
    return name


def test_a_mended_name_is_shown_and_one_that_is_told_no_more_is_not(system: System) -> None:
    source = system.add_source(system.add_channel(), mapping=a_mapping("wrong_time", "=item.phone"))
    text = json.dumps(ITEM)
    hook = source["hook_url"].removeprefix(system.url)
    headers = signed(source["secrets"]["secret"], "A", text)
    sent = system.http.post(hook, content=text, headers=headers)
    assert sent.status_code < 300
    system.settle()
    assert name_of(system) == ITEM["phone"]
    for mapping, name in (
        (a_mapping("time", "=item.nick"), "小王"),
        (a_mapping("time", None), None),
    ):
        assert replay(system, source["id"], mapping)["changed"] == 1
        assert name_of(system) == name
        rebuild(system, "crm")
        assert name_of(system) == name
