"""When a cell is final, and what changes it after that."""

from datetime import UTC, date, datetime, timedelta

import httpx

from tests.builders import a_channel, channel
from tests.insights.builders import recorded, retracted
from tests.insights.running import RunningInsights, get

DAY = date(2026, 11, 20)
DAYS = {"from_": "2026-11-19", "to": "2026-11-21"}


async def test_a_day_is_final_once_its_slowest_channel_cannot_change_it_any_more(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.hear(a_channel(channel("slow"), platform="tiktok"))
    await insights.apply(recorded("like.created", DAY))
    end = datetime(2026, 11, 20, 16, tzinfo=UTC)

    async def grades(**query: object) -> list[str]:
        found = await get(acme, "/metrics/query", metric="likes", **DAYS, **query)
        return [item["grade"] for item in found["items"]]

    await insights.pass_watermarks(end + timedelta(hours=23))
    assert (await grades(channel=channel("main")))[1] == "provisional"
    await insights.pass_watermarks(end + timedelta(hours=24))
    assert (await grades(channel=channel("main")))[:2] == ["final", "final"]
    assert (await grades())[1] == "provisional"
    assert (await grades(group_by="channel")).count("final") == 4
    await insights.pass_watermarks(end + timedelta(hours=72))
    assert (await grades())[:2] == ["final", "final"]
    weeks = await get(acme, "/metrics/query", metric="likes", granularity="week", **DAYS)
    assert [item["grade"] for item in weeks["items"]] == ["provisional"]


async def test_what_comes_after_a_day_was_final_is_a_correction_of_it(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    late = datetime(2026, 11, 21, 17, tzinfo=UTC)
    await insights.apply(
        recorded("like.created", DAY),
        recorded("like.created", DAY, received_at=datetime(2026, 11, 21, 16, tzinfo=UTC)),
        recorded("like.created", DAY, received_at=late),
        recorded("view.recorded", DAY, received_at=late),
    )
    found = await get(acme, "/metrics/query", metric="likes", **DAYS)
    assert [(i["value"], i["corrections"]) for i in found["items"]] == [(0, 0), (3, 1), (0, 0)]
    wrong = recorded("like.created", DAY)
    await insights.apply(wrong)
    await insights.apply(retracted(wrong.activity, remaining=1, at=late))
    found = await get(acme, "/metrics/query", metric="likes", **DAYS)
    assert [(i["value"], i["corrections"]) for i in found["items"]] == [(0, 0), (3, 2), (0, 0)]


async def test_what_a_replay_brings_to_a_final_day_is_a_correction_of_it(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    """It was received in time, but nobody could know of it before it was read again."""
    final = datetime(2026, 11, 21, 16, tzinfo=UTC)
    await insights.apply(
        recorded("like.created", DAY),
        recorded("like.created", DAY, known_at=final),
        recorded("like.created", DAY, known_at=final + timedelta(seconds=1)),
    )
    found = await get(acme, "/metrics/query", metric="likes", **DAYS)
    assert [(i["value"], i["corrections"]) for i in found["items"]] == [(0, 0), (3, 1), (0, 0)]
    told = await get(acme, "/metrics/explain", metric="likes", start="2026-11-20")
    assert (told["counts"]["late"], told["counts"]["corrected"]) == (2, 1)
