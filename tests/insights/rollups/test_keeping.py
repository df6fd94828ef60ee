"""What is kept how long, and what a row says of late, corrected and retracted activities."""

from datetime import UTC, date, datetime, timedelta

import httpx
from mediaops_insights.rollups import service
from mediaops_insights.rollups.jobs import forget_old_rollups
from mediaops_insights.rollups.models import ROLLUPS
from sqlalchemy import func, select

from tests.insights.builders import recorded, retracted
from tests.insights.running import NOW, RunningInsights, series


async def rows(insights: RunningInsights, granularity: str) -> int:
    table = ROLLUPS[granularity]
    async with insights.runtime.database.read() as session:
        connection = await session.connection()
        query = select(func.count()).select_from(table)
        return int((await connection.execute(query)).scalar_one())


async def test_minutes_and_hours_are_forgotten_in_time_and_days_never(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        recorded("like.created", NOW - timedelta(hours=1)),
        recorded("like.created", NOW - timedelta(days=13)),
        recorded("order.paid", NOW - timedelta(days=1), money=(5, "CNY")),
    )
    assert await rows(insights, "minute") == 6
    insights.clock.moment = NOW + service.MINUTES_KEPT - timedelta(days=2)
    await forget_old_rollups(insights.runtime)
    assert await rows(insights, "minute") == 4
    insights.clock.moment = NOW + service.HOURS_KEPT + timedelta(days=1)
    await forget_old_rollups(insights.runtime)
    assert (await rows(insights, "minute"), await rows(insights, "hour")) == (0, 0)
    assert sum(await series(acme, "likes", from_="2026-11-01", to="2026-11-22")) == 2
    assert sum(await series(acme, "revenue", from_="2026-11-01", to="2026-11-22")) == 5


async def test_minutes_that_nobody_keeps_are_not_written(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    old = NOW - timedelta(days=30)
    await insights.apply(
        recorded("like.created", old), recorded("like.created", NOW - timedelta(minutes=5))
    )
    assert await rows(insights, "minute") == 2
    span = {"from_": old.isoformat(), "to": (old + timedelta(hours=1)).isoformat()}
    assert sum(await series(acme, "likes", granularity="hour", **span)) == 1


async def test_a_cell_that_falls_to_0_stays_with_its_corrections(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    gone = recorded("like.created", date(2026, 11, 10), content="v1")
    await insights.apply(gone)
    await insights.apply(retracted(gone.activity, at=datetime(2026, 11, 20, tzinfo=UTC)))
    answer = await acme.get(
        "/insights/v1/metrics/query",
        params={
            "metric": "likes",
            "group_by": "content",
            "from": "2026-11-10",
            "to": "2026-11-10",
        },
    )
    (item,) = answer.json()["items"]
    assert (item["group"], item["value"], item["corrections"]) == ({"content": "v1"}, 0, 1)


async def test_a_batch_of_thousands_is_counted_whole(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        *(
            recorded(
                "view.recorded",
                NOW - timedelta(seconds=n),
                who=f"w{n}",
                content=f"v{n % 1500}",
                region=f"CN-{n % 7}" if n % 2 else None,
            )
            for n in range(3000)
        )
    )
    day = {"from_": "2026-11-22", "to": "2026-11-22"}
    assert await series(acme, "views", **day) == [3000]
    assert await series(acme, "active_actors", **day) == [3000]
    by_content = await series(acme, "views", group_by="content", **day)
    assert (len(by_content), set(by_content)) == (1500, {2})
    by_region = await series(acme, "views", group_by="region", **day)
    assert (by_region[0], sum(by_region)) == (1500, 3000)
