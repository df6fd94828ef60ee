"""Minutes that are not over stand apart from hours and days, and no answer shows it."""

import asyncio
from datetime import timedelta
from itertools import pairwise, product
from typing import Any

import httpx
import pytest
from mediaops_common.events import ActivityRecorded, Event
from mediaops_insights.rollups import service
from mediaops_insights.rollups.jobs import finish_minutes
from mediaops_insights.rollups.models import COUNTS, KEY, NEWEST, ROLLUPS, Level
from mediaops_insights.rollups.statements import add_rows, move_minute
from sqlalchemy import Table, select

from tests.builders import channel
from tests.insights.builders import recorded, retracted
from tests.insights.running import NOW, RunningInsights, get
from tests.locks import waits

pytestmark = pytest.mark.databases("sqlite", "postgresql")

OVER = timedelta(minutes=service.OVER_MINUTES)
DAY = {"from_": "2026-11-22", "to": "2026-11-22"}
HOUR = {"from_": "2026-11-22T11:00:00Z", "to": "2026-11-22T13:00:00Z"}


def live(*, region: str | None = "CN-ZJ", content: str | None = "v1") -> list[ActivityRecorded]:
    """Acts of the last minutes, the one before and the one that comes included."""
    return [
        recorded(
            type_,
            NOW + timedelta(seconds=seconds),
            who=f"w{seconds}",
            on=on,
            content=content,
            region=region,
            count=2,
        )
        for type_, seconds, on in product(
            ("like.created", "view.recorded"),
            (-150, -70, 0, 30),
            (channel("main"), channel("side")),
        )
    ]


async def rows(insights: RunningInsights, table: Table) -> list[Any]:
    """All rows, by the names of what is counted: numbers are given as names come by."""
    async with insights.runtime.database.read() as session:
        connection = await session.connection()
        found = (await connection.execute(select(*table.c))).all()
    return sorted(tuple(row) for row in found)


async def answers(client: httpx.AsyncClient) -> list[Any]:
    """Whatever rollups answer: every granularity, group and page."""
    found: list[Any] = []
    groups: list[list[str]] = [[], ["channel"], ["content"], ["region"], ["content", "region"]]
    for granularity, group_by in product(("minute", "hour", "day"), groups):
        span = DAY if granularity == "day" else HOUR
        query = {"metric": ["likes", "activities"], "granularity": granularity, **span}
        found.append(await get(client, "/metrics/query", group_by=group_by, **query))
    explained = {"metric": "likes", "granularity": "day", "start": "2026-11-22"}
    found.append(await get(client, "/metrics/explain", **explained))
    found.append(await get(client, "/contents/performance"))
    found.append((await get(client, "/overview"))["newest"])
    return found


async def test_no_answer_tells_whether_a_minute_is_over(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(*live(), *live(region=None), *live(content=None))
    assert await rows(insights, NEWEST)
    before = await answers(acme)
    for minutes in range(2, 2 + service.OVER_MINUTES):  # they end one after the other
        await service.finish_minutes(insights.runtime.database, NOW + timedelta(minutes=minutes))
        assert await answers(acme) == before
    assert not await rows(insights, NEWEST)
    assert sum(i["value"] for i in before[0]["items"] if i["metric"] == "activities") == 48


async def test_a_minute_that_is_over_is_written_as_one_that_came_late(
    insights: RunningInsights,
) -> None:
    acts: list[Event] = [*live(), *live(region=None), *live(content=None)]
    acts.append(retracted(acts[2].activity, at=NOW))  # type: ignore[attr-defined]
    await insights.apply(*acts)
    insights.clock.moment = NOW + OVER
    await insights.apply(*acts, generation=2)
    await insights.swap(2)
    insights.clock.moment = NOW + OVER + timedelta(minutes=1)
    for generation in (1, 2):
        await insights.swap(generation)
        await finish_minutes(insights.runtime)
    assert not await rows(insights, NEWEST)
    for table in ROLLUPS.values():
        found = await rows(insights, table)
        ours = [row[1:] for row in found if row[0] == 1]
        assert ours == [row[1:] for row in found if row[0] == 2] != [], table.name


async def test_what_comes_meanwhile_is_neither_lost_nor_counted_twice(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    async def come(seconds: int) -> None:
        await insights.apply(
            *(recorded("like.created", NOW, who=f"w{seconds}-{n}") for n in range(20))
        )

    async def end() -> None:
        for _ in range(10):
            await service.finish_minutes(insights.runtime.database, NOW + OVER)
            await asyncio.sleep(0)

    seen: list[int] = []

    async def look() -> None:
        for _ in range(10):
            found = await get(acme, "/metrics/query", metric="likes", **DAY)
            seen.append(found["items"][0]["value"])

    await asyncio.gather(end(), look(), *(come(n) for n in range(10)))
    assert all(earlier <= later for earlier, later in pairwise(seen))
    found = await get(acme, "/metrics/query", metric="likes", **DAY)
    assert [item["value"] for item in found["items"]] == [200]


@pytest.mark.databases("postgresql")
async def test_late_acts_and_a_minute_that_is_over_wait_for_each_other_in_no_circle(
    insights: RunningInsights,
) -> None:
    await insights.apply(recorded("like.created", NOW - timedelta(days=1), content="v1"))
    for content in ("v2", "v1"):  # they lie in this order, which is not that of their numbers
        await insights.apply(recorded("like.created", NOW, content=content))
    live = [row for row in await rows(insights, NEWEST) if row[2] == Level.content]
    database = insights.runtime.database

    async def move() -> None:
        async with database.write() as session:
            connection = await session.connection()
            for how in ("indexscan", "bitmapscan"):
                await connection.exec_driver_sql(f"SET LOCAL enable_{how} = off")
            await move_minute(session, live[0][:4])

    def late(granularity: str, row: Any) -> tuple[object, ...]:
        bucket = {"minute": row[3], "hour": row[8], "day": row[9], "ever": 0}[granularity]
        return (*row[:3], bucket, *row[4:8], 1, 1)

    async with database.write() as session:
        first = late("minute", live[0])
        await add_rows(session, ROLLUPS["minute"], KEY, COUNTS, [first], 2)
        moving = asyncio.create_task(move())
        assert await waits(database, moving)
        for granularity, table in ROLLUPS.items():
            both = [late(granularity, row) for row in live]
            await add_rows(session, table, KEY, COUNTS, both, 2)
    await moving
    counted = [
        (r[-5], r[-4]) for r in await rows(insights, ROLLUPS["minute"]) if r[3] == live[0][3]
    ]
    assert counted == [(3, 3), (2, 2)]
