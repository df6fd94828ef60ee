"""A batch of the log, as it reads."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from mediaops_common.clock import Clock

from mediaops_ingest.delivery_log.port import DeliveryLog, LoggedDelivery
from mediaops_ingest.normaliser.reading import ReadDelivery, read_delivery
from mediaops_ingest.normaliser.shards import HeldShards
from mediaops_ingest.normaliser.source_book import SourceBook, View

__all__ = ["Batch", "read_batch"]

BATCH_DELIVERIES = 4_000
BATCH_BYTES = 4 << 20
SLICE = 200
"""Deliveries read in one go of a thread: a slice that holds the interpreter only for a while."""


class Batch(msgspec.Struct):
    """Deliveries that follow each other in the log, as they read."""

    moment: datetime
    """When the log was asked."""
    version: int
    """Of the registry of sources, as it was then."""
    deliveries: list[LoggedDelivery]
    reads: list[ReadDelivery]
    """Those of the shards that are held."""
    keys: set[bytes]
    """Of their items."""
    zones: dict[UUID, str]
    """Of their workspaces, with which they were read."""


async def read_batch(
    log: DeliveryLog, book: SourceBook, held: HeldShards, clock: Clock, *, after: int
) -> Batch:
    """What follows `after` in the log and is not behind its shard's cursor, as the sources are
    now."""
    await book.refresh()
    batch = Batch(clock.now(), book.version, [], [], set(), {})
    batch.deliveries = await log.read(after, BATCH_DELIVERIES, BATCH_BYTES)
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
    part: Sequence[LoggedDelivery], sources: Mapping[UUID, View], keys: set[bytes]
) -> list[ReadDelivery]:
    reads = [read_delivery(delivery, sources[delivery.source_id]) for delivery in part]
    for read in reads:
        for item in read.items:
            keys.add(item.key)
    return reads
