"""A batch of the log, as it reads."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from mediaops_common.clock import Clock

from mediaops_ingest.delivery_log.port import DeliveryLog, LoggedDelivery
from mediaops_ingest.normaliser.reading import ReadDelivery, SourceView, read_delivery
from mediaops_ingest.normaliser.shards import HeldShards
from mediaops_ingest.normaliser.source_book import SourceBook

__all__ = ["Ahead", "Batch", "read_batch"]

BATCH_DELIVERIES = 2_000
BATCH_BYTES = 4 << 20
SLICE = 200
"""Deliveries read in one go of a thread: a slice that holds the interpreter only for a while."""


class Batch(msgspec.Struct):
    """Deliveries that follow each other in the log, as they read."""

    moment: datetime
    """When the log was asked."""
    deliveries: list[LoggedDelivery]
    reads: list[ReadDelivery]
    """Those of the shards that are held."""
    keys: set[bytes]
    """Of their items."""
    zones: dict[UUID, str]
    """Of their workspaces, with which they were read."""


class Ahead:
    """Reads the log, and what follows a full batch already while that one is settled."""

    def __init__(self, log: DeliveryLog) -> None:
        self._log = log
        self._after = 0
        self._reading: asyncio.Task[list[LoggedDelivery]] | None = None

    async def read(self, after: int) -> list[LoggedDelivery]:
        """The next deliveries above `after`. Before it tells that there is none, it has looked."""
        reading, self._reading = self._reading, None
        if reading is not None and after == self._after:
            found = await reading
            if found:
                return found
        elif reading is not None:
            reading.cancel()
        return await self._log.read(after, BATCH_DELIVERIES, BATCH_BYTES)

    def go_on(self, deliveries: Sequence[LoggedDelivery]) -> None:
        """Behind a full batch there may be more: it is read, and kept until it is asked for."""
        if len(deliveries) == BATCH_DELIVERIES:
            self._after = deliveries[-1].seq
            self._reading = asyncio.create_task(
                self._log.read(self._after, BATCH_DELIVERIES, BATCH_BYTES)
            )

    def stop(self) -> None:
        if self._reading is not None:
            self._reading.cancel()


async def read_batch(ahead: Ahead, book: SourceBook, held: HeldShards, clock: Clock) -> Batch:
    """What follows the shards' cursor, as the sources are now."""
    await book.refresh()
    batch = Batch(clock.now(), [], [], set(), {})
    batch.deliveries = await ahead.read(held.cursor)
    states = held.states
    mine = [
        one
        for one in batch.deliveries
        if one.shard in states and one.seq > states[one.shard].cursor
    ]
    sources = await book.sources({delivery.source_id for delivery in mine})
    for workspace_id in {delivery.workspace_id for delivery in mine}:
        batch.zones[workspace_id] = await book.timezone(workspace_id)
    for start in range(0, len(mine), SLICE):
        part = mine[start : start + SLICE]
        batch.reads += await asyncio.to_thread(_read_all, part, sources, batch.keys)
    return batch


def _read_all(
    part: Sequence[LoggedDelivery], sources: Mapping[UUID, SourceView | None], keys: set[bytes]
) -> list[ReadDelivery]:
    reads = [read_delivery(delivery, sources[delivery.source_id]) for delivery in part]
    for read in reads:
        for item in read.items:
            keys.add(item.key)
    return reads
