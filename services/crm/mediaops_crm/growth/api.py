"""`/crm/v1/growth`: who is new, stays, comes back and leaves."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from mediaops_common.http import Caller, ClockDep, Reads, allow, parse_days
from mediaops_common.zones import number_day

from mediaops_crm.audience import service as audience
from mediaops_crm.channel_query import ChannelQuery
from mediaops_crm.growth import service
from mediaops_crm.growth.schemas import GrowthPeriod, GrowthRead
from mediaops_crm.growth.service import Growth, Period
from mediaops_crm.ratios import ratio

router = APIRouter(prefix="/crm/v1/growth", tags=["growth"])


@router.get("")
async def list_growth(
    caller: Annotated[Caller, allow("crm:read")],
    channel_id: ChannelQuery,
    reads: Reads,
    clock: ClockDep,
    from_: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    to: Annotated[str | None, Query(max_length=40)] = None,
    period: Period = "day",
) -> GrowthRead:
    """Growth accounting of every calendar period that has a day in range."""
    view = await audience.open_view(reads, caller, clock.now(), channel_id)
    today = number_day(view.today)
    asked = parse_days(from_, to, view.timezone, today=today, max_days=audience.MAX_DAYS)
    rows = await service.accounts(reads, view, asked.first, asked.last, period)
    # Years of periods would hold up whoever else waits for the event loop.
    return await asyncio.to_thread(_read, rows, view)


def _read(rows: list[Growth], view: audience.View) -> GrowthRead:
    return GrowthRead(items=[_period(row, view) for row in rows])


def _period(row: Growth, view: audience.View) -> GrowthPeriod:
    return GrowthPeriod(
        start=number_day(row.first),
        active=row.active,
        new=row.new,
        retained=row.retained,
        resurrected=row.resurrected,
        churned=row.churned,
        quick_ratio=ratio(row.new + row.resurrected, row.churned, view.grade(row.last)),
    )
