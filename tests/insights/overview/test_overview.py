"""`GET /insights/v1/overview`."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from tests.builders import a_workspace, channel
from tests.insights.builders import a_snapshot, people, quality, recorded
from tests.insights.running import NOW, RunningInsights, get

TODAY, YESTERDAY = date(2026, 11, 22), date(2026, 11, 21)


async def shown(acme: httpx.AsyncClient, metric: str) -> dict[str, Any]:
    found = await get(acme, "/overview")
    (item,) = [item for item in found["metrics"] if item["metric"] == metric]
    return dict(item)


async def test_today_is_set_against_yesterday_and_yesterday_so_far(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        recorded("like.created", NOW - timedelta(hours=1), count=3),
        recorded("like.created", NOW - timedelta(hours=25), count=2),
        recorded("like.created", NOW - timedelta(hours=22), count=4),
        recorded("view.recorded", NOW - timedelta(hours=1), count=12),
    )
    likes = await shown(acme, "likes")
    assert (likes["today"], likes["yesterday"], likes["yesterday_so_far"]) == (3, 6, 2)
    assert likes["change"] == 0.5
    rate = await shown(acme, "engagement_rate_by_views")
    assert (rate["today"], rate["yesterday"], rate["change"]) == (0.25, None, None)
    assert (await shown(acme, "active_actors"))["today"] == 1


async def test_so_far_is_up_to_the_same_local_time_also_where_the_clock_is_put_back(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    zone = "America/New_York"
    await insights.hear(a_workspace("acme", version=2, timezone=zone))
    insights.clock.moment = datetime(2027, 11, 7, 17, tzinfo=UTC)  # noon, 13 hours after midnight
    for hour in (15, 16):
        moment = datetime(2027, 11, 6, hour, 30, tzinfo=UTC)
        await insights.apply(recorded("like.created", moment, timezone=zone))
    likes = await shown(acme, "likes")
    assert (likes["yesterday"], likes["yesterday_so_far"]) == (2, 1)


async def test_people_come_from_crm_and_quality_from_ingest(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.hear(
        people(TODAY, 7, version=2),
        people(TODAY, 3, version=1),
        people(YESTERDAY, 9),
        quality("main", channel("main"), TODAY, normalised=5, duplicates=2, failed=1),
        quality("side", channel("side"), TODAY, normalised=1),
        quality("side", channel("side"), YESTERDAY, failed=9),
    )
    found = await get(acme, "/overview")
    assert found["audience_today"]["dau"] == 7
    assert found["audience_yesterday"]["dau"] == 9
    assert found["quality"]["normalised"] == 6
    assert (found["quality"]["failed"], found["quality"]["received"]) == (1, 9)
    (failed,) = [item for item in found["attention"] if item["kind"] == "failed_items"]
    assert (failed["severity"], failed["count"]) == ("critical", 1)
    assert failed["link"].endswith("status=failed")


async def test_the_newest_activity_and_its_age_are_shown(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        recorded("like.created", NOW - timedelta(minutes=3)),
        recorded("comment.created", NOW - timedelta(minutes=1), on=channel("side")),
    )
    found = await get(acme, "/overview")
    assert [(i["type"], i["platform"], i["minute"]) for i in found["newest"]] == [
        ("comment.created", "wechat-oa", "2026-11-22T11:59:00Z"),
        ("like.created", "douyin", "2026-11-22T11:57:00Z"),
    ]
    assert found["freshness"]["freshness_seconds"] == 59


async def test_a_channel_that_fell_silent_and_numbers_that_are_behind_need_attention(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.pass_watermarks(NOW - timedelta(minutes=10))
    await insights.apply(
        recorded("like.created", date(2026, 11, 18)),
        recorded("like.created", YESTERDAY, on=channel("side")),
    )
    found = {item["kind"]: item for item in (await get(acme, "/overview"))["attention"]}
    assert set(found) == {"numbers_behind", "silent_channel"}
    assert found["silent_channel"]["channel_id"] == str(channel("main"))
    assert found["silent_channel"]["count"] == 4
    assert found["numbers_behind"]["count"] == 600


async def test_an_empty_workspace_is_told_what_to_do_first(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    found = await get(acme, "/overview")
    assert [item["kind"] for item in found["attention"]] == ["nothing_received"]
    assert found["newest"] == []
    assert found["audience_today"] is None
    assert all(item["today"] in (0, None) for item in found["metrics"])


async def test_todays_followers_are_the_newest_reading(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(a_snapshot("followers", 50, datetime(2026, 11, 20, 3, tzinfo=UTC)))
    followers = await shown(acme, "followers_reported")
    assert (followers["today"], followers["yesterday"], followers["change"]) == (50, 50, 0.0)


async def test_nothing_of_another_workspace_is_shown(
    insights: RunningInsights, globex: httpx.AsyncClient
) -> None:
    await insights.apply(recorded("like.created", NOW))
    await insights.hear(quality("main", channel("main"), TODAY, failed=3), people(TODAY, 5))
    found = await get(globex, "/overview")
    assert [item["kind"] for item in found["attention"]] == ["nothing_received"]
    assert found["quality"]["failed"] == 0
    assert found["audience_today"] is None
    assert all(item["today"] in (0, None) for item in found["metrics"])
