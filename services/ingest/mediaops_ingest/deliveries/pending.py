"""Deliveries that are in the log and not yet split."""

from mediaops_common.db import Database

from mediaops_ingest.deliveries import repository
from mediaops_ingest.delivery_log.port import DeliveryLog, LoggedDelivery

__all__ = ["pending_deliveries"]

BATCH = 2_000


async def pending_deliveries(
    log: DeliveryLog, cursors: dict[int, int], *, limit: int
) -> list[LoggedDelivery]:
    """What lies above the cursors, in order. With cursors of one read transaction, what is
    counted there and what is found here never overlap."""
    found: list[LoggedDelivery] = []
    after = min(cursors.values(), default=0)
    while len(found) < limit:
        batch = await log.read(after, BATCH)
        if not batch:
            break
        found += [d for d in batch if d.seq > cursors.get(d.shard, 0)]
        after = batch[-1].seq
    return found[:limit]


async def read_pending(database: Database, log: DeliveryLog, *, limit: int) -> list[LoggedDelivery]:
    """Likewise, as of now."""
    async with database.read() as session:
        cursors = await repository.cursors(session)
    return await pending_deliveries(log, cursors, limit=limit)
