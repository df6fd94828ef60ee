"""Filters of the archive: several values of one, and what tells snapshots from activities."""

from typing import Any

from mediaops_common.lengths import LONGEST_FILTER

from tests.ingest.running import Ingest, an_activity
from tests.ingest.spine import spine_of


async def listed(ingest: Ingest, **filters: Any) -> list[Any]:
    """What passes the filters, in the order of its keys."""
    answer = await ingest.call("GET", "/events", params=filters)
    assert answer.status_code == 200, answer.text
    return sorted(item["context"]["n"] for item in answer.json()["items"])


async def test_a_filter_may_be_repeated_and_any_of_its_values_passes(ingest: Ingest) -> None:
    one, two, three = [(await ingest.add_channel())["id"] for _ in range(3)]
    money = {"amount_minor": 5, "currency": "CNY"}
    sent = [
        an_activity(one, n=1, region="CN-ZJ"),
        an_activity(two, n=2, type="view.recorded", content={"external_id": "c2"}),
        an_activity(three, n=3, type="order.paid", content=None, value=money),
        an_activity(three, n=4, type="order.paid", value=money | {"currency": "USD"}, region="X"),
    ]
    await ingest.call("POST", "/activities", sent)
    await (await spine_of(ingest)).run()
    assert await listed(ingest) == [1, 2, 3, 4]
    assert await listed(ingest, channel_id=[one, two]) == [1, 2]
    assert await listed(ingest, type=["like.created", "order.paid"]) == [1, 3, 4]
    assert await listed(ingest, content=["c1", "c2"], channel_id=two) == [2]
    assert await listed(ingest, region=["CN-ZJ", "X"]) == [1, 4]
    assert await listed(ingest, currency="USD") == [4]
    assert await listed(ingest, type="") == []


async def test_snapshots_are_told_from_activities_and_by_their_metric(ingest: Ingest) -> None:
    channel = await ingest.add_channel()
    report = {"channel_id": channel["id"], "value": 7, "kind": "gauge"}
    report["as_of"] = "2026-11-22T08:00:00Z"
    await ingest.call("POST", "/activities", [an_activity(channel)])
    await ingest.call(
        "POST", "/snapshots", [{**report, "metric": name} for name in ("views", "followers")]
    )
    await (await spine_of(ingest)).run()
    for filters, found in (
        ({"event": ["recorded", "retracted"]}, [None]),
        ({"event": "snapshot"}, ["followers", "views"]),
        ({"metric": "followers"}, ["followers"]),
    ):
        answer = await ingest.call("GET", "/events", params=filters)
        assert sorted(str(item.get("metric")) for item in answer.json()["items"]) == [
            str(metric) for metric in found
        ]


async def test_a_foreign_channel_among_several_is_not_found(ingest: Ingest) -> None:
    own = await ingest.add_channel()
    await ingest.add_workspace("other")
    foreign = await ingest.add_channel("other")
    answer = await ingest.call("GET", "/events", params={"channel_id": [own["id"], foreign["id"]]})
    assert answer.status_code == 404


async def test_a_filter_is_as_long_as_what_can_be_found(ingest: Ingest) -> None:
    for name in ("region", "content", "type"):
        assert await listed(ingest, **{name: "x" * LONGEST_FILTER}) == []
        answer = await ingest.call("GET", "/events", params={name: "x" * (LONGEST_FILTER + 1)})
        assert answer.status_code == 422
