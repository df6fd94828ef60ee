"""`GET /insights/v1/metrics/explain`: where a number comes from."""

from datetime import UTC, date, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.builders import channel
from tests.insights.builders import a_snapshot, quality, recorded, retracted
from tests.insights.running import RunningInsights, get, refused

DAY = date(2026, 11, 20)
NEXT = datetime(2026, 11, 20, 18, tzinfo=UTC)  # the 21st in Shanghai
LATER = datetime(2026, 11, 25, tzinfo=UTC)


async def test_one_cell_tells_its_story(insights: RunningInsights, acme: httpx.AsyncClient) -> None:
    wrong = recorded("like.created", DAY, count=9)
    await insights.apply(
        recorded("like.created", DAY, count=3, content="v1"),
        recorded("like.created", DAY, received_at=NEXT),
        recorded("like.created", DAY, received_at=LATER),
        recorded("comment.created", DAY, count=2),
        recorded("view.recorded", DAY, count=70),
        wrong,
    )
    await insights.apply(retracted(wrong.activity))
    await insights.hear(quality("main", channel("main"), DAY, duplicates=4))
    found = await get(acme, "/metrics/explain", metric="engagements", start="2026-11-20")
    assert found["value"] == 7
    assert found["filled"].endswith("= 7")
    assert "like.created 5" in found["filled"]
    assert found["counts"] == {
        "applied": 5,
        "repeated": 4,
        "late": 2,
        "corrected": 1,
        "retracted": 1,
    }
    assert found["end"] == "2026-11-20T16:00:00Z"
    rows = {(row["type"], row["content"]): row["total"] for row in found["rows"]}
    assert rows == {
        ("like.created", None): 2,
        ("like.created", "v1"): 3,
        ("comment.created", None): 2,
    }
    assert set(found["events_by_type"]) == {"like.created", "comment.created"}


async def test_a_ratio_is_filled_in_with_its_parts(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        recorded("like.created", DAY, count=2), recorded("view.recorded", DAY, count=8)
    )
    found = await get(acme, "/metrics/explain", metric="like_rate", start="2026-11-20")
    assert found["filled"] == "likes 2 / views 8 = 0.25"
    assert (found["numerator"], found["denominator"]) == (2, 8)
    assert {row["of"] for row in found["rows"]} == {"likes", "views"}


async def test_the_link_leads_to_the_same_events(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    found = await get(
        acme,
        "/metrics/explain",
        metric="likes",
        start="2026-11-18",
        granularity="week",
        channel=channel("main"),
        content="v 1&2",
        region="CN-ZJ",
    )
    link = urlsplit(found["events"])
    assert link.path == "/ingest/v1/events"
    assert parse_qs(link.query) == {
        "from": ["2026-11-16"],
        "to": ["2026-11-22"],
        "type": ["like.created"],
        "channel_id": [str(channel("main"))],
        "content": ["v 1&2"],
        "region": ["CN-ZJ"],
    }
    hour = await get(
        acme,
        "/metrics/explain",
        metric="activities",
        start="2026-11-20T03:00:00Z",
        granularity="hour",
    )
    assert parse_qs(urlsplit(hour["events"]).query) == {
        "from": ["2026-11-20T03:00:00Z"],
        "to": ["2026-11-20T04:00:00Z"],
        "event": ["recorded", "retracted"],
    }


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({"metric": "followers_net"}, {"type": ["follow.created", "follow.removed"]}),
        ({"metric": "like_rate"}, {"type": ["like.created", "view.recorded"]}),
        ({"metric": "views_reported"}, {"metric": ["views"]}),
        ({"metric": "revenue"}, {"type": ["order.paid"], "currency": ["CNY"]}),
        (
            {"metric": "likes", "owner_kind": "individual"},
            {"type": ["like.created"], "channel_id": [str(channel("side"))]},
        ),
        (
            {"metric": "likes", "content": ["b", "a"]},
            {"type": ["like.created"], "content": ["a", "b"]},
        ),
        ({"metric": "likes", "type": "view.recorded"}, {"type": [""]}),
        ({"metric": "likes", "platform": "weibo"}, {"type": [""]}),
    ],
)
async def test_the_link_names_all_that_the_cell_is_made_of_and_nothing_else(
    insights: RunningInsights,
    acme: httpx.AsyncClient,
    query: dict[str, str],
    asked: dict[str, list[str]],
) -> None:
    await insights.apply(recorded("order.paid", DAY, money=(100, "CNY")))
    found = await get(acme, "/metrics/explain", start="2026-11-20", **query)
    link = parse_qs(urlsplit(found["events"]).query, keep_blank_values=True)
    assert link == {"from": ["2026-11-20"], "to": ["2026-11-20"], **asked}


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        # Of a day it is told on the next one; of a rise by two readings.
        ({"metric": "views_reported"}, "2026-11-21T02:00:00Z", "2026-11-21T02:00:00.000001Z"),
        (
            {"metric": "views_reported", "start": "2026-11-18"},
            "2026-11-15T02:00:00Z",
            "2026-11-18T02:00:00.000001Z",
        ),
        # A level is carried on from the last reading.
        ({"metric": "followers_reported"}, "2026-11-17T02:00:00Z", "2026-11-17T02:00:00.000001Z"),
        # Beside it are activities: from the reading of the day before to the period's end.
        (
            {"metric": "followers_residual", "start": "2026-11-17"},
            "2026-11-16T02:00:00Z",
            "2026-11-17T16:00:00Z",
        ),
        ({"metric": "views_reported", "start": "2026-11-19"}, "2026-11-19", "2026-11-19"),
    ],
)
async def test_the_link_to_reports_leads_to_where_they_were_taken(
    insights: RunningInsights,
    acme: httpx.AsyncClient,
    query: dict[str, str],
    first: str,
    last: str,
) -> None:
    def taken(day: int) -> datetime:
        return datetime(2026, 11, day, 2, tzinfo=UTC)

    await insights.apply(
        a_snapshot("views", 100, taken(21), kind="daily", day=DAY),
        a_snapshot("views", 30, taken(15)),
        a_snapshot("views", 90, taken(18)),
        a_snapshot("followers", 500, taken(16), kind="gauge"),
        a_snapshot("followers", 501, taken(17), kind="gauge"),
    )
    found = await get(acme, "/metrics/explain", **{"start": "2026-11-20", **query})
    link = parse_qs(urlsplit(found["events"]).query)
    assert (link["from"], link["to"]) == ([first], [last])


@pytest.mark.parametrize(
    "metric",
    ["active_actors", "revenue", "views_reported", "followers_reported", "deliveries",
     "freshness_seconds", "activities", "followers_net", "engagement_rate_by_followers",
     "followers_residual"],
)  # fmt: skip
async def test_every_kind_of_metric_can_be_explained(
    insights: RunningInsights, acme: httpx.AsyncClient, metric: str
) -> None:
    noon = datetime(2026, 11, 20, 4, tzinfo=UTC)
    await insights.apply(
        recorded("order.paid", DAY, money=(100, "CNY")),
        recorded("follow.removed", DAY),
        a_snapshot("views", 10, noon),
        a_snapshot("followers", 10, noon),
    )
    await insights.hear(quality("main", channel("main"), DAY))
    explained = await get(acme, "/metrics/explain", metric=metric, start="2026-11-20")
    asked = await get(acme, "/metrics/query", metric=metric, from_="2026-11-20", to="2026-11-20")
    assert explained["value"] == asked["items"][0]["value"]
    assert metric in explained["filled"] or "/" in explained["filled"]


async def test_several_currencies_cannot_be_one_cell(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        recorded("order.paid", DAY, money=(100, "CNY")),
        recorded("order.paid", DAY, money=(100, "USD")),
    )
    query = {"metric": "revenue", "start": "2026-11-20"}
    assert await refused(acme, "/metrics/explain", **query) == (422, "currency")
    found = await get(acme, "/metrics/explain", **query, currency="USD")
    assert (found["value"], found["currency"]) == (100, "USD")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"metric": "likes"}, "start"),
        ({"metric": "likes", "start": "soon"}, "start"),
        ({"metric": "likes", "start": "2026-11-20", "granularity": "hour"}, "start"),
        ({"metric": "nothing", "start": "2026-11-20"}, "metric"),
        ({"metric": "likes", "start": "2026-11-20", "granularity": "eon"}, "granularity"),
    ],
)
async def test_a_wrong_field_is_named(
    acme: httpx.AsyncClient, query: dict[str, str], field: str
) -> None:
    assert await refused(acme, "/metrics/explain", **query) == (422, field)
