"""Quality: what each source brought on each day, by outcome."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from mediaops_common.http import DayRange, Invalid
from mediaops_common.zones import day_number, number_day
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.deliveries.models import SourceDay
from mediaops_ingest.deliveries.pending import pending_deliveries
from mediaops_ingest.deliveries.repository import cursors
from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.quality import repository
from mediaops_ingest.quality.schemas import QualityDay
from mediaops_ingest.sources.service import Source

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
    counted = {
        (row.source_id, row.day): row
        for row in await repository.days(
            session, workspace_id, days.numbers.start, days.numbers.stop - 1
        )
    }
    newest = await repository.newest(session, workspace_id)
    waiting: Counter[tuple[UUID, int]] = Counter()
    async for logged in pending_deliveries(log, await cursors(session)):
        if logged.workspace_id == workspace_id:
            waiting[logged.source_id, day_number(logged.received_at, timezone)] += 1
    ages = {source_id: max(0.0, (now - seen).total_seconds()) for source_id, seen in newest.items()}
    # Years of many sources would hold up whoever else waits for the event loop.
    return await asyncio.to_thread(_rows, days, sources, counted, waiting, ages)


def _rows(
    days: DayRange,
    sources: Sequence[Source],
    counted: Mapping[tuple[UUID, int], SourceDay],
    waiting: Mapping[tuple[UUID, int], int],
    ages: Mapping[UUID, float],
) -> list[QualityDay]:
    items = []
    for number in days.numbers:
        day = number_day(number)
        for source in sources:
            place = (source.id, number)
            item = _row(day, source, counted.get(place), waiting.get(place, 0))
            item.freshness_seconds = ages.get(source.id)
            items.append(item)
    return items


def _row(day: date, source: Source, row: SourceDay | None, pending: int) -> QualityDay:
    item = QualityDay(
        day=day,
        source_id=source.id,
        channel_id=source.channel_id,
        received=pending,
        pending=pending,
    )
    if row is not None:
        item.received += row.received
        item.normalised, item.duplicates = row.normalised, row.duplicates
        item.conflicts, item.rejected = row.conflicts, row.rejected
        item.failed, item.unmapped = row.failed, row.unmapped
        item.deliveries = row.deliveries
    settled = item.normalised + item.duplicates + item.conflicts
    item.residual = item.received - settled - item.rejected - item.failed - item.pending
    if item.received:
        item.duplicate_rate = item.duplicates / item.received
        item.conflict_rate = item.conflicts / item.received
    return item
