"""`GET /insights/v1/metrics/query`: numbers, groups, comparisons, refusals."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from tests.builders import a_channel, channel
from tests.insights.builders import a_snapshot, quality, recorded, retracted
from tests.insights.running import NOW, RunningInsights, get, refused, series

DAY = date(2026, 11, 20)
DAYS = {"from_": "2026-11-19", "to": "2026-11-21"}


async def test_a_series_has_a_row_for_every_day_also_without_data(acme: httpx.AsyncClient) -> None:
    found = await get(acme, "/metrics/query", metric="likes", **DAYS)
    assert found["items"] == [
        {
            "metric": "likes",
            "start": f"2026-11-{day}",
            "group": {},
            "value": 0,
            "grade": "provisional",
            "corrections": 0,
        }
        for day in (19, 20, 21)
    ]


async def test_activities_count_one_each_and_likes_sum_their_count(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(recorded("like.created", DAY, count=12), recorded("view.recorded", DAY))
    assert await series(acme, "activities", **DAYS) == [0, 2, 0]
    assert await series(acme, "likes", **DAYS) == [0, 12, 0]
    assert await series(acme, "engagements", **DAYS) == [0, 12, 0]
    assert await series(acme, "views", **DAYS) == [0, 1, 0]


async def test_removals_are_their_own_metric_and_subtract_nothing(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(recorded("like.created", DAY), recorded("like.removed", DAY, count=2))
    assert await series(acme, "likes", **DAYS) == [0, 1, 0]
    assert await series(acme, "likes_removed", **DAYS) == [0, 2, 0]


async def test_followers_net_is_follows_less_unfollows(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        recorded("follow.created", DAY, count=7),
        recorded("follow.removed", DAY),
        recorded("follow.removed", DAY),
    )
    assert await series(acme, "follows", **DAYS) == [0, 1, 0]
    assert await series(acme, "unfollows", **DAYS) == [0, 2, 0]
    assert await series(acme, "followers_net", **DAYS) == [0, -1, 0]


async def test_a_ratio_shows_its_parts_and_is_null_over_nothing(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        recorded("view.recorded", DAY, count=8),
        recorded("comment.created", DAY, count=2),
        recorded("like.created", date(2026, 11, 21)),
    )
    found = await get(acme, "/metrics/query", metric="engagement_rate_by_views", **DAYS)
    parts = [(i["numerator"], i["denominator"], i["value"]) for i in found["items"]]
    assert parts == [(0, 0, None), (2, 8, 0.25), (1, 0, None)]


@pytest.mark.databases("sqlite", "postgresql")
async def test_groups_name_their_dimensions(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        recorded("like.created", DAY, content="v1", region="CN-ZJ"),
        recorded("like.created", DAY, content="v1"),
        recorded("view.recorded", DAY),
    )
    day = {"from_": "2026-11-20", "to": "2026-11-20"}
    found = await get(
        acme, "/metrics/query", metric="activities", group_by=["content", "region"], **day
    )
    assert [(item["group"], item["value"]) for item in found["items"]] == [
        ({"content": None, "region": None}, 1),
        ({"content": "v1", "region": None}, 1),
        ({"content": "v1", "region": "CN-ZJ"}, 1),
    ]
    commas = await get(
        acme, "/metrics/query", metric="activities", group_by="content,region", **day
    )
    assert commas == found


async def test_quiet_channels_are_groups_too(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(recorded("like.created", DAY))
    day = {"from_": "2026-11-20", "to": "2026-11-20"}
    found = await get(acme, "/metrics/query", metric="likes", group_by="channel", **day)
    values = {item["group"]["channel"]: item["value"] for item in found["items"]}
    assert values == {str(channel("main")): 1, str(channel("side")): 0}
    by_kind = await get(
        acme, "/metrics/query", metric="likes", group_by=["platform", "owner_kind"], **day
    )
    assert [(item["group"], item["value"]) for item in by_kind["items"]] == [
        ({"platform": "douyin", "owner_kind": "organisation"}, 1),
        ({"platform": "wechat-oa", "owner_kind": "individual"}, 0),
    ]


@pytest.mark.databases("sqlite", "postgresql")
async def test_filters_go_by_dimension_name(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        recorded("like.created", DAY, content="v1", region="CN-ZJ"),
        recorded("like.created", DAY, content="v2"),
        recorded("like.created", DAY, on=channel("side"), platform="wechat-oa"),
    )
    for query, expected in (
        ({"channel": channel("main")}, 2),
        ({"channel": [channel("main"), channel("side")]}, 3),
        ({"channel_id": channel("side")}, 1),
        ({"platform": "wechat-oa"}, 1),
        ({"owner_kind": "organisation"}, 2),
        ({"content": "v1"}, 1),
        ({"content": ["v1", "v2"]}, 2),
        ({"region": "CN-ZJ"}, 1),
        ({"type": "view.recorded"}, 0),
        ({"content": "never met"}, 0),
        ({"platform": "weibo"}, 0),
    ):
        assert sum(await series(acme, "likes", **DAYS, **query)) == expected, query


async def test_a_series_is_never_paged(acme: httpx.AsyncClient) -> None:
    assert len(await series(acme, "likes", limit=1, **DAYS)) == 3


async def test_several_metrics_are_answered_at_once(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(recorded("like.created", DAY), recorded("comment.created", DAY, count=3))
    day = {"from_": "2026-11-20", "to": "2026-11-20"}
    found = await get(acme, "/metrics/query", metric=["comments", "likes", "activities"], **day)
    assert [(i["metric"], i["value"]) for i in found["items"]] == [
        ("comments", 3),
        ("likes", 1),
        ("activities", 2),
    ]


async def test_a_retraction_takes_back_exactly_what_was_counted(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    wrong = recorded("like.created", DAY, count=5, content="v1")
    await insights.apply(recorded("like.created", DAY, content="v1"), wrong)
    await insights.apply(retracted(wrong.activity, remaining=1))
    assert await series(acme, "likes", **DAYS) == [0, 1, 0]
    assert await series(acme, "activities", content="v1", **DAYS) == [0, 1, 0]


@pytest.mark.databases("sqlite", "postgresql")
async def test_money_is_in_minor_units_and_currencies_are_never_added(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    day = {"from_": "2026-11-20", "to": "2026-11-20"}
    empty = await get(acme, "/metrics/query", metric="revenue", **day)
    assert [(i["group"], i["value"], i["currency"]) for i in empty["items"]] == [({}, 0, None)]
    await insights.apply(
        recorded("order.paid", DAY, money=(1990, "CNY")),
        recorded("order.paid", DAY, money=(10, "CNY")),
        recorded("gift.sent", DAY, money=(500, "CNY")),
    )
    one = await get(acme, "/metrics/query", metric="revenue", **day)
    assert [(i["group"], i["value"], i["currency"]) for i in one["items"]] == [({}, 2000, "CNY")]
    await insights.apply(recorded("order.paid", DAY, money=(300, "USD")))
    two = await get(acme, "/metrics/query", metric="revenue", **day)
    assert [(i["group"], i["value"], i["currency"]) for i in two["items"]] == [
        ({}, 2000, "CNY"),
        ({}, 300, "USD"),
    ]
    by_currency = await get(acme, "/metrics/query", metric="revenue", group_by="currency", **day)
    assert [(i["group"], i["value"]) for i in by_currency["items"]] == [
        ({"currency": "CNY"}, 2000),
        ({"currency": "USD"}, 300),
    ]
    assert await series(acme, "revenue", currency="USD", **day) == [300]
    hours = await series(acme, "revenue", granularity="hour", currency="CNY", **day)
    assert len(hours) == 24
    assert sum(hours) == 2000


async def test_distinct_actors_of_a_week_are_not_the_sum_of_its_days(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        recorded("like.created", DAY, who="a"),
        recorded("like.created", date(2026, 11, 21), who="a"),
        recorded("view.recorded", date(2026, 11, 21), who="b", on=channel("side")),
        recorded("like.removed", DAY, who="c"),
        recorded("like.created", DAY, who=None),
        recorded("like.created", DAY, who="channel", by_channel=True),
    )
    assert await series(acme, "active_actors", **DAYS) == [0, 1, 2]
    assert await series(acme, "active_actors", granularity="week", **DAYS) == [2]
    assert await series(acme, "active_actors", channel=channel("side"), **DAYS) == [0, 0, 1]
    found = await get(acme, "/metrics/query", metric="active_actors", group_by="platform", **DAYS)
    assert [item["value"] for item in found["items"]] == [0, 1, 1, 0, 0, 1]


async def test_an_actor_whose_only_act_is_taken_back_was_not_active(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    wrong = recorded("like.created", DAY, who="a")
    await insights.apply(wrong, recorded("like.created", DAY, who="b"))
    await insights.apply(retracted(wrong.activity))
    assert await series(acme, "active_actors", **DAYS) == [0, 1, 0]
    again = recorded("view.recorded", DAY, who="a")
    await insights.apply(again, retracted(again.activity), recorded("view.recorded", DAY, who="a"))
    assert await series(acme, "active_actors", **DAYS) == [0, 2, 0]


async def test_deliveries_and_duplicates_come_from_the_newest_word_on_a_source_and_day(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    main, side = channel("main"), channel("side")
    await insights.hear(
        quality("main", main, DAY, deliveries=3, duplicates=2, version=2),
        quality("main", main, DAY, deliveries=1, duplicates=0, version=1),
        quality("side", side, DAY, deliveries=4, duplicates=1),
    )
    assert await series(acme, "deliveries", **DAYS) == [0, 7, 0]
    assert await series(acme, "duplicates", channel=main, **DAYS) == [0, 2, 0]


async def test_freshness_is_the_age_of_the_newest_receipt(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    today = {"from_": "2026-11-22", "to": "2026-11-22"}
    assert await series(acme, "freshness_seconds", **today) == [None]
    await insights.apply(recorded("like.created", NOW - timedelta(seconds=91)))
    assert await series(acme, "freshness_seconds", **today) == [90]
    assert await series(acme, "freshness_seconds", channel=channel("side"), **today) == [None]


async def test_reported_numbers_come_from_snapshots_and_are_never_added(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        recorded("view.recorded", DAY),
        recorded("like.created", DAY, count=4),
        a_snapshot("views", 1000, datetime(2026, 11, 20, 3, tzinfo=UTC)),
        a_snapshot("followers", 80, datetime(2026, 11, 20, 3, tzinfo=UTC)),
    )
    assert await series(acme, "views", **DAYS) == [0, 1, 0]
    assert await series(acme, "views_reported", **DAYS) == [0, 1000, 0]
    assert await series(acme, "followers_reported", **DAYS) == [0, 80, 80]
    assert await series(acme, "engagement_rate_by_followers", **DAYS) == [None, 0.05, 0]


@pytest.mark.databases("sqlite", "postgresql")
async def test_days_are_local_and_hours_begin_on_local_hours(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    # 00:30 of the 21st in Shanghai is still the 20th in UTC.
    await insights.apply(recorded("like.created", datetime(2026, 11, 20, 16, 30, tzinfo=UTC)))
    assert await series(acme, "likes", **DAYS) == [0, 0, 1]
    found = await get(
        acme,
        "/metrics/query",
        metric="likes",
        granularity="hour",
        from_="2026-11-20T16:00:00Z",
        to="2026-11-20T18:00:00Z",
    )
    assert [(i["start"], i["value"]) for i in found["items"]] == [
        ("2026-11-20T16:00:00Z", 1),
        ("2026-11-20T17:00:00Z", 0),
    ]
    minutes = await get(
        acme,
        "/metrics/query",
        metric="likes",
        granularity="minute",
        from_="2026-11-20T16:30:00Z",
        to="2026-11-20T16:32:00Z",
    )
    assert [(i["start"], i["value"]) for i in minutes["items"]] == [
        ("2026-11-20T16:30:00Z", 1),
        ("2026-11-20T16:31:00Z", 0),
    ]


@pytest.mark.databases
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "metric"),
        ({"metric": "no_such"}, "metric"),
        ({"metric": "likes", "granularity": "year"}, "granularity"),
        ({"metric": "revenue", "granularity": "minute"}, "granularity"),
        ({"metric": "likes", "group_by": "colour"}, "group_by"),
        ({"metric": "likes", "group_by": "currency"}, "group_by"),
        ({"metric": "active_actors", "group_by": "content"}, "group_by"),
        ({"metric": "deliveries", "region": "CN-ZJ"}, "region"),
        ({"metric": "likes", "compare": "yesterday"}, "compare"),
        ({"metric": "likes", "granularity": "month", "compare": "same_weekday"}, "compare"),
        ({"metric": "likes", "colour": "red"}, "colour"),
        ({"metric": "likes", "from_": "yesterday"}, "from"),
        ({"metric": "likes", "from_": "2990-01-01"}, "from"),
        ({"metric": "likes", "from_": "2990-01-01", "granularity": "hour"}, "from"),
        ({"metric": "likes", "from_": "2026-11-20", "to": "2026-11-19"}, "to"),
        ({"metric": "likes", "owner_kind": "robot"}, "owner_kind"),
        ({"metric": "likes", "channel": "main"}, "channel"),
        ({"metric": "likes", "content": ""}, "content"),
        ({"metric": "likes", "granularity": "minute", "from_": "2026-11-01"}, "from"),
        ({"metric": "likes", "granularity": "minute", "compare": "previous_year"}, "compare"),
        ({"metric": "likes", "granularity": "hour", "from_": "2024-11-01"}, "from"),
    ],
)
async def test_a_wrong_field_is_named(
    acme: httpx.AsyncClient, query: dict[str, str], field: str
) -> None:
    assert await refused(acme, "/metrics/query", **query) == (422, field)


async def test_too_many_cells_are_refused(acme: httpx.AsyncClient) -> None:
    many = ["likes", "views", "shares", "comments", "follows"]
    query = {"from_": "1990-01-01", "to": "2026-11-22"}
    assert await refused(acme, "/metrics/query", metric=many, **query) == (422, "from")


async def test_a_foreign_channel_is_not_found(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    insights.runtime.settings = insights.runtime.settings.model_copy(
        update={"channel_wait_seconds": 0.1}
    )
    for query in ({"channel": channel("foreign")}, {"channel": channel("nowhere")}):
        answer = await acme.get(
            "/insights/v1/metrics/query", params={"metric": "likes", **query}, timeout=30
        )
        assert answer.status_code == 404


async def test_nothing_of_another_workspace_is_counted(
    insights: RunningInsights, acme: httpx.AsyncClient, globex: httpx.AsyncClient
) -> None:
    await insights.apply(
        recorded("like.created", DAY, workspace="globex", on=channel("foreign"), content="v1"),
        recorded("order.paid", DAY, workspace="globex", on=channel("foreign"), money=(1, "EUR")),
    )
    for metric in ("activities", "likes", "active_actors", "revenue"):
        assert await series(acme, metric, **DAYS) == [0, 0, 0]
        assert await series(globex, metric, **DAYS) != [0, 0, 0]
    types = await get(acme, "/metrics/query", metric="activities", group_by="type", **DAYS)
    assert types["items"] == []


async def test_a_role_that_may_not_read_numbers_is_refused(insights: RunningInsights) -> None:
    client = insights.client(role="operator")
    answer = await client.get("/insights/v1/metrics")
    assert answer.status_code == 403


async def test_a_channel_made_a_moment_ago_is_waited_for(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    asked = asyncio.create_task(series(acme, "likes", channel=channel("new"), **DAYS))
    await asyncio.sleep(0.1)
    await insights.hear(a_channel(channel("new")))
    assert await asked == [0, 0, 0]
