"""The archive's chunks a few megabytes at a time, however many are wanted."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from mediaops_common.db import Database

from mediaops_ingest.archive import repository
from mediaops_ingest.archive.sizes import fitting

__all__ = ["portions_between", "portions_of"]

PORTION_BYTES = 1 << 20
"""Of packed chunks that are read at once: unpacked they are some twelve times as much."""
LOOKED_AT = 500
"""Chunks of which at once is asked when they are from."""


async def portions_of(
    database: Database, shard: int, chunks: Iterable[int]
) -> AsyncIterator[Sequence[Any]]:
    """These chunks of a shard, in order. No session is open while one portion is used."""
    async with database.read() as session:
        wanted = await repository.sizes_of(session, shard, chunks)
    async for rows in _loaded(database, wanted):
        yield rows


async def portions_between(
    database: Database,
    channel: tuple[UUID, UUID],
    first: datetime,
    last: datetime,
    is_wanted: Callable[[Any], bool],
) -> AsyncIterator[Sequence[Any]]:
    """The chunks of (workspace, channel) that may hold something that happened in [first, last),
    in no order that numbers follow. `is_wanted` is asked of each before its records are read; an
    empty portion stands for a page of which none is, so that whoever waits gets a turn."""
    after: tuple[datetime, int] | None = None
    while True:
        async with database.read() as session:
            found = await repository.overlapping(
                session, channel, first, last, after=after, limit=LOOKED_AT
            )
        wanted = [row for row in found if is_wanted(row)]
        if not wanted:
            yield ()
        async for rows in _loaded(database, wanted):
            yield rows
        if len(found) < LOOKED_AT:
            return
        after = found[-1].last_occurred, found[-1].chunk


async def _loaded(database: Database, wanted: Sequence[Any]) -> AsyncIterator[Sequence[Any]]:
    for part in _parts(wanted):
        async with database.read() as session:
            rows = await repository.chunks_of(session, part[0].shard, [row.chunk for row in part])
        yield rows


def _parts(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    first = 0
    while first < len(rows):
        count = fitting((row.size for row in rows[first : first + LOOKED_AT]), PORTION_BYTES)
        yield rows[first : first + count]
        first += count
