"""What of a replay is read again in one go: as much as fits into memory and well into a lease."""

from collections.abc import Sequence
from dataclasses import dataclass

from mediaops_common.db import Database
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.archive import repository as archive
from mediaops_ingest.archive.sizes import fitting
from mediaops_ingest.deliveries.models import Delivery
from mediaops_ingest.delivery_log.port import DeliveryLog, LoggedDelivery
from mediaops_ingest.replays import repository
from mediaops_ingest.replays.models import Replay

__all__ = ["Slice", "next_slice"]

DELIVERIES = 200
ITEMS = 5_000
BYTES = 4 << 20
"""Of raw bodies: what could not be split counts as one item, and may turn out to be thousands."""
EVENTS = 50_000
"""Of the archive that are looked through: a chunk holds those of other deliveries too."""


@dataclass(frozen=True)
class Slice:
    """Deliveries that follow each other, one at least where any is left."""

    rows: Sequence[Delivery]
    logged: Sequence[LoggedDelivery]
    """As they came; those whose raw bytes are gone are left out."""
    is_last: bool

    @property
    def unavailable(self) -> int:
        return len(self.rows) - len(self.logged)

    @property
    def items(self) -> int:
        return sum(row.received for row in self.rows)


async def next_slice(database: Database, log: DeliveryLog, replay: Replay, *, after: int) -> Slice:
    """What the replay reads next, behind that seq."""
    async with database.read() as session:
        rows, is_all = await repository.deliveries_of(
            session, replay, after=after, limit=DELIVERIES, most_items=ITEMS
        )
        count = await _within_events(session, rows)
    is_all = is_all and count == len(rows)
    logged: list[LoggedDelivery] = []
    size = 0
    for place, row in enumerate(rows[:count]):
        found = await log.get(row.seq)
        if found is None:
            continue
        size += len(found.body)
        if logged and size > BYTES:
            return Slice(rows[:place], logged, is_last=False)
        logged.append(found)
    return Slice(rows[:count], logged, is_all)


async def _within_events(session: AsyncSession, rows: Sequence[Delivery]) -> int:
    """For how many of these deliveries, from the first on, few enough events are looked through."""
    if not rows:
        return 0
    wanted = {chunk for row in rows for chunk in row.chunks}
    found = await archive.sizes_of(session, rows[0].shard, wanted)
    counts = {row.chunk: row.count for row in found}
    # A chunk is read once, for the first that has something in it.
    return fitting((sum(counts.pop(chunk, 0) for chunk in row.chunks) for row in rows), EVENTS)
