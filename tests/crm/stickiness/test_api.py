"""Stickiness over HTTP: shapes, ranges, grades and whose numbers they are."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from mediaops_common.ids import shard_of

from tests.builders import a_channel, channel
from tests.crm.builders import recorded
from tests.crm.running import RunningCrm, get

DAY = date(2026, 11, 22)


async def test_a_series_has_a_row_for_every_day(crm: RunningCrm, acme: httpx.AsyncClient) -> None:
    await crm.apply(recorded("ada", DAY - timedelta(days=1)), recorded("bob", DAY))
    found = await get(acme, "/stickiness", from_="2026-11-20", to="2026-11-22")
    assert found == {
        "items": [
            row("2026-11-20", 0, 0, 0, None),
            row("2026-11-21", 1, 1, 1, 1.0),
            row("2026-11-22", 1, 2, 2, 0.5),
        ]
    }


def row(day: str, dau: int, wau: int, mau: int, value: float | None) -> dict:
    ratio = {"numerator": dau, "denominator": mau, "value": value, "grade": "provisional"}
    return {"day": day, "dau": dau, "wau": wau, "mau": mau, "stickiness": ratio}


async def test_without_a_range_it_is_the_last_four_weeks(acme: httpx.AsyncClient) -> None:
    days = [item["day"] for item in (await get(acme, "/stickiness"))["items"]]
    assert len(days) == 28
    assert days[-1] == "2026-11-22"


async def test_moments_stand_for_their_local_days(acme: httpx.AsyncClient) -> None:
    query = {"from_": "2026-11-20T16:00:00Z", "to": "2026-11-21T16:00:00Z"}
    items = (await get(acme, "/stickiness", **query))["items"]
    assert [item["day"] for item in items] == ["2026-11-21"]


async def test_a_histogram_has_every_number_of_days(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    await crm.apply(
        recorded("ada", DAY), recorded("ada", DAY - timedelta(days=1)), recorded("bob", DAY)
    )
    found = await get(acme, "/stickiness/histogram", day=DAY, window=7)
    assert found == {
        "day": "2026-11-22",
        "window": 7,
        "grade": "provisional",
        "items": [{"active_days": n, "profiles": int(n < 3)} for n in range(1, 8)],
    }
    month = await get(acme, "/stickiness/histogram")
    assert len(month["items"]) == 28


async def test_a_channel_shows_its_own(crm: RunningCrm, acme: httpx.AsyncClient) -> None:
    await crm.apply(
        recorded("ada", DAY), recorded("bob", DAY), recorded("bob", DAY, on=channel("side"))
    )
    side = {"channel_id": channel("side"), "from_": DAY, "to": DAY}
    assert (await get(acme, "/stickiness", **side))["items"][0]["dau"] == 1
    bars = await get(acme, "/stickiness/histogram", day=DAY, channel_id=channel("side"))
    assert bars["items"][0]["profiles"] == 1


@pytest.mark.parametrize("path", ["stickiness", "stickiness/histogram", "retention", "growth"])
@pytest.mark.parametrize("which", [channel("foreign"), uuid4()])
async def test_a_foreign_channel_is_not_found(
    crm: RunningCrm, acme: httpx.AsyncClient, path: str, which
) -> None:
    settings = crm.runtime.settings
    crm.runtime.settings = settings.model_copy(update={"channel_wait_seconds": 0.1})
    answer = await acme.get(f"/crm/v1/{path}", params={"channel_id": str(which)})
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["stickiness", "stickiness/histogram", "retention", "growth"])
async def test_a_channel_made_a_moment_ago_is_waited_for(
    crm: RunningCrm, acme: httpx.AsyncClient, path: str
) -> None:
    asked = asyncio.create_task(get(acme, f"/{path}", channel_id=channel("fresh")))
    await asyncio.sleep(0.1)
    await crm.hear(a_channel(channel("fresh")))
    await asked


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("stickiness?from=1980-01-01&to=2096-11-22", "from"),
        ("stickiness?from=2026-11-22&to=2026-11-21", "to"),
        ("stickiness?from=22.11.2026", "from"),
        ("stickiness?to=2026-02-30", "to"),
        ("stickiness?channel_id=7", "channel_id"),
        ("stickiness/histogram?window=14", "window"),
        ("stickiness/histogram?day=today", "day"),
        ("growth?period=year", "period"),
        ("retention?kind=rolling", "kind"),
        ("retention?days=", "days"),
        ("retention?days=1,,7", "days"),
        ("retention?days=-1", "days"),
        ("retention?days=1101", "days"),
        ("retention?days=1-7", "days"),
        ("retention?kind=bracket&days=7", "days"),
        ("retention?kind=bracket&days=7-1", "days"),
        ("retention?kind=consecutive&days=1-2", "days"),
        ("retention?from=1980-01-01&to=2096-11-22", "from"),
        ("growth?from=1980-01-01&to=2096-11-22", "from"),
    ],
)
async def test_a_wrong_query_names_the_field(
    acme: httpx.AsyncClient, path: str, field: str
) -> None:
    answer = await acme.get(f"/crm/v1/{path}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_all_that_can_have_happened_is_one_answer(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    await crm.apply(recorded("ada", date(2000, 1, 1)), recorded("ada", DAY))
    whole = {"from_": "2000-01-01", "to": DAY}
    items = (await get(acme, "/stickiness", **whole))["items"]
    assert len(items) == 9823
    assert sum(item["dau"] for item in items) == 2
    months = (await get(acme, "/growth", period="month", **whole))["items"]
    assert len(months) == 27 * 12 - 1
    assert sum(row["new"] + row["resurrected"] for row in months) == 2


async def grades(client: httpx.AsyncClient, **query) -> dict[str, str]:
    found = await get(client, "/stickiness", from_="2026-11-17", to="2026-11-22", **query)
    return {item["day"]: item["stickiness"]["grade"] for item in found["items"]}


async def test_a_day_is_final_when_it_can_no_longer_change_as_a_matter_of_course(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    assert set((await grades(acme)).values()) == {"provisional"}
    # Local midnight is 16:00 UTC, and douyin's news may come a day later.
    await crm.pass_watermarks(datetime(2026, 11, 21, 16, tzinfo=UTC))
    found = await grades(acme)
    assert found["2026-11-20"] == "final"
    assert found["2026-11-21"] == "provisional"
    await crm.pass_watermarks(datetime(2026, 11, 21, 15, 59, tzinfo=UTC))
    assert (await grades(acme))["2026-11-20"] == "provisional"


async def test_a_workspace_waits_for_its_slowest_platform_and_a_channel_does_not(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    await crm.hear(a_channel(channel("slow"), platform="tiktok"))
    await crm.pass_watermarks(datetime(2026, 11, 21, 16, tzinfo=UTC))
    assert (await grades(acme))["2026-11-20"] == "provisional"
    assert (await grades(acme))["2026-11-18"] == "final"
    assert (await grades(acme, channel_id=channel("main")))["2026-11-20"] == "final"


async def test_a_shard_that_is_behind_holds_back_its_channels_only(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    behind = shard_of(channel("side"))
    assert behind != shard_of(channel("main"))
    others = [shard for shard in range(64) if shard != behind]
    await crm.pass_watermarks(datetime(2026, 11, 21, 16, tzinfo=UTC), others)
    assert (await grades(acme))["2026-11-20"] == "provisional"
    assert (await grades(acme, channel_id=channel("main")))["2026-11-20"] == "final"


async def test_an_empty_workspace_answers_with_zeros(globex: httpx.AsyncClient) -> None:
    items = (await get(globex, "/stickiness"))["items"]
    assert {item["mau"] for item in items} == {0}
    assert (await get(globex, "/retention"))["items"] == []
    assert {row["new"] for row in (await get(globex, "/growth"))["items"]} == {0}
    assert {row["profiles"] for row in (await get(globex, "/lifecycle"))["items"]} == {0}
