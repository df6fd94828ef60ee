"""Quality: what each source brought on each day, by outcome."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from mediaops_common.http import DayRange
from mediaops_common.zones import day_number, number_day
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.deliveries.pending import pending_deliveries
from mediaops_ingest.deliveries.repository import cursors
from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.quality import repository
from mediaops_ingest.quality.schemas import QualityDay

__all__ = ["by_day"]


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
    counted = {
        (row.source_id, row.day): row
        for row in await repository.days(
            session, workspace_id, days.numbers.start, days.numbers.stop - 1
        )
    }
    newest = await repository.newest(session, workspace_id)
    sources = await repository.sources_of(session, workspace_id, among)
    waiting: Counter[tuple[UUID, int]] = Counter()
    async for logged in pending_deliveries(log, await cursors(session)):
        if logged.workspace_id == workspace_id:
            waiting[logged.source_id, day_number(logged.received_at, timezone)] += 1
    items = []
    for day in days.numbers:
        for source in sources:
            row = counted.get((source.id, day))
            pending = waiting[source.id, day]
            seen = newest.get(source.id)
            item = QualityDay(
                day=number_day(day),
                source_id=source.id,
                channel_id=source.channel_id,
                received=pending,
                pending=pending,
                freshness_seconds=None if seen is None else max(0.0, (now - seen).total_seconds()),
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
            items.append(item)
    return items
