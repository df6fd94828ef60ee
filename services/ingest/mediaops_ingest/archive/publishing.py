"""Publishes chunks in order: while some are under way those behind them are unpacked."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from mediaops_common.bus import Bus, Place, Record
from mediaops_common.streams import by_partition, partitions_of, publish_batches

from mediaops_ingest.archive.chunks import TOPICS, to_record, unpack_chunk

__all__ = ["Heads", "publish_chunks"]

PART_BYTES = 512 << 10
"""Of packed chunks that are published at once."""

Heads = dict[tuple[int, int], dict[int, int]]
"""(shard, topic) → slot → the last number."""

Unpacked = tuple[dict[Place, list[Record]], Heads]
"""Records by partition, and the last number of each of their lanes."""


async def publish_chunks(
    bus: Bus,
    rows: Sequence[Any],
    *,
    suffix: str = "",
    turn: Callable[[], Awaitable[object]] | None = None,
) -> Heads:
    """Publishes the records of these chunks, in order, on the topics with this suffix; returns the
    last numbers of their lanes. `turn` is what is due before each part: what it raises ends all."""
    heads: Heads = {}
    partitions = await partitions_of(bus, [name + suffix for name in TOPICS])
    parts = _parts(rows)
    unpacking = _unpacking(next(parts, None), suffix, partitions)
    try:
        while unpacking is not None:
            batches, told = await unpacking
            unpacking = _unpacking(next(parts, None), suffix, partitions)
            if turn is not None:
                await turn()
            await publish_batches(bus, batches)
            for lane, numbers in told.items():
                heads.setdefault(lane, {}).update(numbers)
    finally:
        if unpacking is not None:
            unpacking.cancel()
    return heads


def _parts(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    first = size = 0
    for place, row in enumerate(rows, 1):
        size += len(row.records)
        if size >= PART_BYTES or place == len(rows):
            yield rows[first:place]
            first, size = place, 0


def _unpacking(
    rows: Sequence[Any] | None, suffix: str, partitions: Mapping[str, int]
) -> asyncio.Task[Unpacked] | None:
    if rows is None:
        return None
    return asyncio.create_task(asyncio.to_thread(_unpacked, rows, suffix, partitions))


def _unpacked(rows: Sequence[Any], suffix: str, partitions: Mapping[str, int]) -> Unpacked:
    """The records of these chunks, in order, and the last number of each of their lanes."""
    heads: Heads = {}
    return by_partition(_records(rows, suffix, heads), partitions), heads


def _records(rows: Sequence[Any], suffix: str, heads: Heads) -> Iterator[tuple[str, Record]]:
    """Notes in `heads` what has gone by."""
    for row in rows:
        shard = row.shard
        told = [heads.setdefault((shard, topic), {}) for topic in range(len(TOPICS))]
        for numbered in unpack_chunk(row.records):
            topic, slot, seq, _, _ = numbered
            told[topic][slot] = seq
            name, record = to_record(shard, numbered)
            yield name + suffix, record
