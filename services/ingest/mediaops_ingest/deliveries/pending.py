"""Deliveries that are in the log and not yet split."""

from collections.abc import AsyncIterator

from mediaops_ingest.delivery_log.port import DeliveryLog, LoggedDelivery

__all__ = ["pending_deliveries"]

BATCH = 2_000


async def pending_deliveries(
    log: DeliveryLog, cursors: dict[int, int], *, before: int | None = None
) -> AsyncIterator[LoggedDelivery]:
    """What lies above the cursors (and below `before`), newest first, without bodies.

    With cursors of one read transaction, what is counted there and what is found here never
    overlap. However much waits, only a batch of it is in memory.
    """
    await log.look()
    newest = log.newest_seq + 1
    place = newest if before is None else min(before, newest)
    lowest = min(cursors.values(), default=0)
    while True:
        batch = await log.read_back(place, lowest, BATCH)
        for delivery in batch:
            if delivery.seq > cursors.get(delivery.shard, 0):
                yield delivery
        if len(batch) < BATCH:
            return
        place = batch[-1].seq
