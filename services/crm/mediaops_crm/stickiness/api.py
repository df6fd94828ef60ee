"""`/crm/v1/stickiness`: how often people come."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from mediaops_common.http import Caller, ClockDep, Reads, allow, parse_day, parse_days
from mediaops_common.zones import number_day, number_of

from mediaops_crm.audience import service as audience
from mediaops_crm.channel_query import ChannelQuery
from mediaops_crm.ratios import ratio
from mediaops_crm.stickiness import service
from mediaops_crm.stickiness.schemas import (
    HistogramBar,
    HistogramRead,
    StickinessDay,
    StickinessRead,
)

router = APIRouter(prefix="/crm/v1/stickiness", tags=["stickiness"])

Reader = Annotated[Caller, allow("crm:read")]


@router.get("")
async def list_stickiness(
    caller: Reader,
    channel_id: ChannelQuery,
    reads: Reads,
    clock: ClockDep,
    from_: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    to: Annotated[str | None, Query(max_length=40)] = None,
) -> StickinessRead:
    """DAU, WAU (7 days), MAU (28 days) and DAU/MAU of every local day in range."""
    view = await audience.open_view(reads, caller, clock.now(), channel_id)
    today = number_day(view.today)
    asked = parse_days(from_, to, view.timezone, today=today, max_days=audience.MAX_DAYS)
    rows = await service.daily(reads, view, asked.numbers[0], asked.numbers[-1])
    # Years of days would hold up whoever else waits for the event loop.
    return await asyncio.to_thread(_read, rows, view)


def _read(rows: list[audience.Counts], view: audience.View) -> StickinessRead:
    return StickinessRead(
        items=[
            StickinessDay(
                day=number_day(row.day),
                dau=row.dau,
                wau=row.wau,
                mau=row.mau,
                stickiness=ratio(row.dau, row.mau, view.grade(row.day)),
            )
            for row in rows
        ]
    )


@router.get("/histogram")
async def show_stickiness_histogram(
    caller: Reader,
    channel_id: ChannelQuery,
    reads: Reads,
    clock: ClockDep,
    day: Annotated[str | None, Query(max_length=40)] = None,
    window: Annotated[Literal["7", "28"], Query()] = "28",
) -> HistogramRead:
    """How many people were active on exactly 1, 2, … `window` of the days that end with `day`."""
    view = await audience.open_view(reads, caller, clock.now(), channel_id)
    last = view.today if day is None else number_of(parse_day(day, "day"))
    counts = await service.histogram(reads, view, last, int(window))
    return HistogramRead(
        day=number_day(last),
        window=int(window),
        grade=view.grade(last),
        items=[
            HistogramBar(active_days=number, profiles=count)
            for number, count in enumerate(counts, 1)
        ],
    )
