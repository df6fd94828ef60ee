"""Quality: what each source brought on each day, by outcome."""

import asyncio
from collections import Counter
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from mediaops_common.http import DayRange, Invalid
from mediaops_common.zones import day_number
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.channels import service as channels
from mediaops_ingest.deliveries.pending import pending_deliveries
from mediaops_ingest.deliveries.service import cursors
from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.quality import repository
from mediaops_ingest.quality.rows import SEASON_DAYS, Counted, rows
from mediaops_ingest.quality.schemas import QualityDay

__all__ = ["by_day"]

MOST_ROWS = 100_000
"""Days of sources in one answer: three years of ninety, a month of three thousand."""


async def by_day(
    session: AsyncSession,
    log: DeliveryLog,
    workspace_id: UUID,
    timezone: str,
    days: DayRange,
    among: Collection[UUID] | None,
    now: datetime,
) -> list[QualityDay]:
    """A row for every day in range and every source. `session` is one consistent view: what is
    counted in it and what waits above its cursors never overlap."""
    sources = await repository.sources_of(session, workspace_id, among)
    if len(days.numbers) * len(sources) > MOST_ROWS:
        raise Invalid("from", f"the answer has more than {MOST_ROWS:,} rows: ask for fewer days")
    first, last = days.numbers.start, days.numbers.stop - 1
    waiting: Counter[tuple[UUID, int]] = Counter()
    async for logged in pending_deliveries(log, await cursors(session)):
        if logged.workspace_id == workspace_id:
            waiting[logged.source_id, day_number(logged.received_at, timezone)] += 1
    named = {source.channel_id for source in sources if source.channel_id is not None}
    counted = Counted(
        days={
            (row.source_id, row.day): row
            for row in await repository.days(session, workspace_id, first - SEASON_DAYS, last)
        },
        parts=await repository.parts(session, workspace_id, first, last),
        ever=await repository.ever(session, workspace_id),
        waiting=waiting,
        platforms={
            channel.id: channel.platform
            for channel in await channels.by_ids(session, workspace_id, named)
        },
    )
    # Years of many sources would hold up whoever else waits for the event loop.
    return await asyncio.to_thread(rows, sources, days.numbers, counted, timezone, now)
