"""The log in batches, each read before its turn: the next one while the one before is stored."""

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

__all__ = ["BEHIND", "Batch", "Batches"]

BEHIND = 500
"""Deliveries that wait: from here on the next batch is read ahead, and follows without a pause."""

BATCH_DELIVERIES = 2_000
BATCH_BYTES = 4 << 20
SLICE = 200
"""Deliveries read in one go of a thread: a slice that holds the interpreter only for a while."""


class Batch(msgspec.Struct):
    """Deliveries that follow each other in the log, as they read."""

    after: int
    version: int
    """Of the sources by which they were read."""
    moment: datetime
    """When the log was asked."""
    deliveries: list[LoggedDelivery]
    reads: list[ReadDelivery]
    """Those of the shards that are held."""
    keys: set[bytes]
    """Of their items."""
    zones: dict[UUID, str]
    """Of their workspaces, with which they were read."""


class Batches:
    """Reads the log on from the shards' cursor. What is read ahead rests on nothing that a batch
    before it changes."""

    def __init__(
        self, delivery_log: DeliveryLog, book: SourceBook, held: HeldShards, clock: Clock
    ) -> None:
        self._log = delivery_log
        self._book = book
        self._held = held
        self._clock = clock
        self._ahead: asyncio.Task[Batch] | None = None

    async def next(self) -> Batch:
        """What follows the cursor, as the sources are now. What was read ahead is read again when
        they were changed since, or when the batch before it was not stored."""
        ahead, self._ahead = self._ahead, None
        batch = None if ahead is None else await ahead
        await self._book.refresh()
        place = (self._held.cursor, self._book.version)
        if batch is not None and (batch.after, batch.version) == place:
            return batch
        return await self._read(self._held.cursor)

    def read_ahead(self, after: int) -> None:
        """Begins to read what lies above `after`, where that is much."""
        if self._log.newest_seq - after > BEHIND:
            self._ahead = asyncio.create_task(self._read(after))

    async def leave(self) -> None:
        """Nobody asks for the next one any more."""
        if self._ahead is not None:
            self._ahead.cancel()
            await asyncio.gather(self._ahead, return_exceptions=True)

    async def _read(self, after: int) -> Batch:
        batch = Batch(after, self._book.version, self._clock.now(), [], [], set(), {})
        batch.deliveries = await self._log.read(after, BATCH_DELIVERIES, BATCH_BYTES)
        states = self._held.states
        mine = [
            one
            for one in batch.deliveries
            if one.shard in states and one.seq > states[one.shard].cursor
        ]
        sources = await self._book.sources({delivery.source_id for delivery in mine})
        for workspace_id in {delivery.workspace_id for delivery in mine}:
            batch.zones[workspace_id] = await self._book.timezone(workspace_id)
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
