"""Where a group reads on: a row per partition, moved in the transaction of the effects."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.bulk import update_rows
from mediaops_common.bus.port import Assigned, Chunk, Place
from mediaops_common.chunks import end_in, heads_in, lane_topic
from mediaops_common.db import Database, upsert
from mediaops_common.keyed import select_keyed

__all__ = ["PositionMoved", "Positions", "begun_again", "hold_groups"]


KEY = ("group", "topic", "partition")

Stream = tuple[str, int]
"""(producer, shard)."""


class PositionMoved(Exception):
    """Someone else applied in between, or the lanes moved: read again from the database."""


class Positions:
    """The positions of one group, each with the version that this process last saw or wrote."""

    def __init__(self, database: Database, group: str) -> None:
        self._database = database
        self._table = database.tables.position
        self._group = group
        self._versions: dict[Place, int] = {}
        self.ended: dict[Place, int] = {}
        """Partition of a rebuild's topic → the offset of the `end` that was met on it."""
        self._unheard: dict[Place, set[Stream]] = {}
        """Partition of a log that was made again or trimmed → the streams that have told nothing
        since, as its row says."""

    async def locate(self, assigned: Sequence[Assigned]) -> list[int]:
        """The offsets to read on from, kept where the log is still the one that they belong to."""
        position = self._table
        query = select(position).where(position.c.group == self._group)
        offsets, begun = [], []
        async with self._database.write() as session:
            connection = await session.connection()
            rows = {(r.topic, r.partition): r for r in await connection.execute(query)}
            for one in assigned:
                place = (one.topic, one.partition)
                row = rows.get(place)
                if row is not None and _fits(row, one):
                    self._versions[place] = row.version
                    self._unheard[place] = {(name, shard) for name, shard in row.unheard or ()}
                    offsets.append(int(row.offset))
                    continue
                # A log that was made again or trimmed past the position: begin at its beginning.
                # The lanes know what is new; heads and asks bring what is missing.
                self._versions[place] = 0 if row is None else row.version + 1
                self._unheard[place] = set()
                if row is not None:
                    self._unheard[place] = await self._streams(session, *place)
                self.ended.pop(place, None)
                offsets.append(one.bounds.start)
                begun.append(self._row(one))
            replaced = ["cluster_id", "topic_id", "offset", "version", "unheard"]
            await upsert(session, position, begun, key=KEY, replace=replaced)
        return offsets

    def _row(self, one: Assigned) -> dict[str, Any]:
        """Of a partition that is begun at its beginning."""
        place = (one.topic, one.partition)
        return {
            "group": self._group,
            "topic": one.topic,
            "partition": one.partition,
            "cluster_id": one.identity.cluster_id,
            "topic_id": one.identity.topic_id,
            "offset": one.bounds.start,
            "version": self._versions[place],
            "unheard": sorted(self._unheard[place]),
        }

    async def _streams(self, session: AsyncSession, topic: str, partition: int) -> set[Stream]:
        """The streams of which the group has met heads on the partition."""
        heads = self._database.tables.heads
        known = await (await session.connection()).execute(
            select(heads.c.producer, heads.c.shard).where(
                heads.c.group == self._group,
                heads.c.topic == lane_topic(topic),
                heads.c.partition == partition,
            )
        )
        return {(producer, shard) for producer, shard in known}

    async def check(self, session: AsyncSession, chunks: Sequence[Chunk]) -> None:
        """Locks the rows of these partitions. Raises PositionMoved when one is not as it was."""
        keys = [(self._group, chunk.topic, chunk.partition) for chunk in chunks]
        names = ("topic", "partition", "version")
        found = await select_keyed(session, self._table, names, KEY, keys, locking=True)
        versions = {(topic, partition): version for topic, partition, version in found}
        for chunk in chunks:
            place = (chunk.topic, chunk.partition)
            if place not in versions or versions[place] != self._versions.get(place):
                raise PositionMoved

    async def move(self, session: AsyncSession, chunks: Sequence[Chunk]) -> None:
        """Notes in the transaction where reading goes on: `check` has locked the rows."""
        moves = [
            {
                "group": self._group,
                "topic": chunk.topic,
                "partition": chunk.partition,
                "offset": self._next(chunk),
                "version": self._versions[chunk.topic, chunk.partition] + 1,
            }
            for chunk in chunks
        ]
        await update_rows(session, self._table, moves, key=KEY)
        heard = [
            {
                "group": self._group,
                "topic": chunk.topic,
                "partition": chunk.partition,
                "unheard": sorted(self._unheard_after(chunk)),
            }
            for chunk in chunks
            if self._unheard_after(chunk) != self._unheard[chunk.topic, chunk.partition]
        ]
        if heard:
            await update_rows(session, self._table, heard, key=KEY)

    def _unheard_after(self, chunk: Chunk) -> set[Stream]:
        """The streams that have told nothing yet when this chunk was read."""
        waiting = self._unheard[chunk.topic, chunk.partition]
        if not waiting:
            return waiting
        return waiting - {
            (met.heads.producer, stream.shard)
            for met in heads_in(chunk)
            for stream in met.heads.streams
        }

    def _next(self, chunk: Chunk) -> int:
        """Where reading goes on: never behind an `end`. So it needs no note of its own, which a
        crash could come before: whoever reads on meets it again."""
        end = self.ended.get((chunk.topic, chunk.partition), end_in(chunk))
        return chunk.next_offset if end is None else end

    def moved(self, chunks: Sequence[Chunk]) -> None:
        """The transaction was committed."""
        for chunk in chunks:
            place, end = (chunk.topic, chunk.partition), end_in(chunk)
            self._versions[place] += 1
            self._unheard[place] = self._unheard_after(chunk)
            if end is not None:
                self.ended.setdefault(place, end)


def _fits(row: Any, one: Assigned) -> bool:
    is_same = (row.cluster_id, row.topic_id) == one.identity[:2]
    return is_same and one.bounds.start <= int(row.offset) <= one.bounds.end


async def begun_again(session: AsyncSession, groups: Collection[str]) -> list[str]:
    """Those of the groups of which a log was made again or trimmed, and not all has been told since
    of what it shall hold."""
    position = session.info["tables"].position
    query = select(position.c.group, position.c.unheard).where(position.c.group.in_(groups))
    rows = await (await session.connection()).execute(query)
    return sorted({group for group, unheard in rows if unheard})


async def hold_groups(session: AsyncSession, *groups: str) -> None:
    """Waits until no member of these groups is within a transaction, and keeps them out until this
    one ends: each of theirs begins with the lock of its position."""
    position = session.info["tables"].position
    connection = await session.connection()
    key = (position.c.group, position.c.topic, position.c.partition)
    await connection.execute(
        select(*key).where(position.c.group.in_(groups)).order_by(*key).with_for_update()
    )
