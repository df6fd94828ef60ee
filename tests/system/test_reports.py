"""What platforms report, from the request to the answer and back: corrected to another day or
content, read again under a mended mapping, rebuilt, and found again by what explains a number."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.system.replicas import until
from tests.system.running import System, new_system, signed
from tests.system.test_rebuild import rebuild

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NOW = datetime(2026, 11, 26, 4, tzinfo=UTC)
QUERY, EXPLAIN = "/insights/v1/metrics/query", "/insights/v1/metrics/explain"
DAYS = {"from": "2026-11-19", "to": "2026-11-25"}


@pytest.fixture
def system(tmp_path, runtime):
    system = new_system(tmp_path, runtime, MEDIAOPS_CLOCK=str(int(NOW.timestamp())))
    try:
        system.start()
        yield system
    finally:
        system.close()


def report(system: System, channel: str, **snapshot: Any) -> None:
    answer = system.call("POST", "/ingest/v1/snapshots", [{"channel_id": channel, **snapshot}])
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1), answer.text


def views(system: System, channel: str, **query: str) -> dict[str, int]:
    """Day, or content → what was reported, without zeros."""
    params = {"metric": "views_reported", "channel": channel, **DAYS, **query}
    found = system.ask(QUERY, params=params)["items"]
    names = [item["group"].get("content", item["start"]) for item in found]
    return {n: item["value"] for n, item in zip(names, found, strict=True) if item["value"]}


def read_by(day: str) -> dict[str, Any]:
    return {
        "snapshots": [
            {
                "metric": "views",
                "value": "=item.n",
                "kind": "daily",
                "day": day,
                "as_of": "=received_at",
            }
        ]
    }


def test_a_report_stands_where_it_was_last_said_to(system: System) -> None:
    moved, mended = system.add_channel(), system.add_channel()
    parted = system.add_channel()
    of_a_day = {"metric": "views", "kind": "daily", "value": 100, "as_of": "2026-11-22T02:00:00Z"}
    report(system, moved, **of_a_day, day="2026-11-20", dedup_key="r1")
    report(system, moved, **of_a_day, day="2026-11-21", dedup_key="r1")
    so_far = {"metric": "views", "kind": "cumulative", "value": 40, "as_of": "2026-11-22T02:00:00Z"}
    report(system, parted, **so_far, content={"external_id": "v1"}, dedup_key="r2")
    report(system, parted, **so_far, content={"external_id": "v2"}, dedup_key="r2")
    source = system.add_source(mended, mapping=read_by("=item.sent"))
    hook = source["hook_url"].removeprefix(system.url)
    for day, n in (("2026-11-21", 79), ("2026-11-20", 30)):
        body = json.dumps({"report": day, "sent": "2026-11-21", "n": n})
        headers = signed(source["secrets"]["secret"], day, body, NOW)
        assert system.http.post(hook, content=body, headers=headers).status_code < 300
        system.settle()
    assert views(system, moved) == {"2026-11-21": 100}
    assert views(system, parted, group_by="content") == {"v2": 40}
    assert views(system, mended) == {"2026-11-21": 30}
    mend(system, source["id"], read_by("=item.report"))
    told = {"2026-11-20": 30, "2026-11-21": 79}
    assert views(system, mended) == told
    rebuild(system, "insights")
    assert (views(system, moved), views(system, mended)) == ({"2026-11-21": 100}, told)
    assert views(system, parted, group_by="content") == {"v2": 40}
    assert system.audit()["residual"] == 0


def mend(system: System, source_id: str, mapping: dict[str, Any]) -> None:
    path = f"/ingest/v1/sources/{source_id}"
    etag = system.call("GET", path).headers["ETag"]
    answer = system.call("PATCH", path, {"mapping": mapping}, headers={"If-Match": etag})
    assert answer.status_code == 200, answer.text
    begun = system.call("POST", "/ingest/v1/deliveries/replay", {"source_id": source_id})
    path = f"/ingest/v1/deliveries/replays/{begun.json()['replay_id']}"
    until(lambda: system.ask(path)["state"] == "done")
    system.settle()


def test_what_explains_a_reported_number_leads_to_its_reports(system: System) -> None:
    channel = system.add_channel()
    for value, as_of in ((500, "2026-11-20T02:00:00Z"), (512, "2026-11-24T12:00:00.25Z")):
        report(system, channel, metric="followers", kind="gauge", value=value, as_of=as_of)
    report(
        system, channel, metric="followers", kind="gauge", value=515, as_of="2026-11-25T09:00:00Z"
    )
    for content, value, as_of in (
        ("v1", 30, "2026-11-20T02:00:00Z"),
        ("v1", 70, "2026-11-23T02:00:00Z"),
        ("v2", 11, "2026-11-23T03:00:00Z"),
    ):
        report(
            system, channel, metric="views", kind="cumulative", value=value, as_of=as_of,
            content={"external_id": content},
        )  # fmt: skip
    side = system.add_channel()
    # Of the 25th, told on the 26th as every platform does; and of the 24th, which is not asked for.
    for day, value, as_of in (
        ("25", 100, "2026-11-26T02:00:00Z"),
        ("24", 9, "2026-11-25T02:00:00Z"),
    ):
        report(
            system, side, metric="views", kind="daily", day=f"2026-11-{day}", value=value,
            as_of=as_of,
        )  # fmt: skip
    act = {"channel_id": channel, "actor": {"external_id": "fan"}}
    acts = [
        act | {"type": kind, "occurred_at": moment}
        for kind, moment in (
            ("follow.created", "2026-11-25T14:00:00Z"),
            ("like.created", "2026-11-23T14:00:00Z"),
        )
    ]
    assert system.call("POST", "/ingest/v1/activities", acts).json()["accepted"] == len(acts)
    system.settle()
    for metric, start, value, of in (
        ("views_reported", "2026-11-25", 100, [100]),
        ("views_reported", "2026-11-23", 51, [30, 70, 11]),
        ("views_reported", "2026-11-22", 0, []),
        ("followers_reported", "2026-11-22", 500, [500]),
        ("followers_reported", "2026-11-24", 512, [512]),
        ("followers_residual", "2026-11-25", 2, [512, 515, "follow.created"]),
        ("engagement_rate_by_followers", "2026-11-23", 1 / 500, [500, "like.created"]),
    ):
        found = system.ask(EXPLAIN, params={"metric": metric, "start": start})
        assert found["value"] == pytest.approx(value), metric
        behind = followed(system, found["events"])
        assert set(of) <= set(behind), metric
        if metric.endswith("_reported"):
            assert sorted(behind) == sorted(of), metric
        of_reports = [one for one in of if not isinstance(one, str)]
        if of_reports:
            alone = followed(system, found["events_by_type"]["metrics.snapshot"])
            assert sorted(alone) == sorted(of_reports), metric


def followed(system: System, link: str) -> list[Any]:
    """The values of the reports that a link leads to, and the types of activities."""
    items = system.ask(link)["items"]
    return [item.get("type", item["value"]) for item in items]
