"""Where a group reads on: a row per partition, moved in the transaction of the effects."""

from collections.abc import Sequence, Set
from typing import Any

from sqlalchemy import select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.bulk import update_rows
from mediaops_common.bus.port import Assigned, Chunk, Place
from mediaops_common.chunks import end_in, heads_in, lane_topic
from mediaops_common.db import Database, upsert
from mediaops_common.keyed import select_keyed

__all__ = ["PositionMoved", "Positions", "hold_groups"]


KEY = ("group", "topic", "partition")


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
        self._unheard: dict[Place, set[tuple[str, int]]] = {}
        """Partition of a log that was made again or trimmed → the streams (producer, shard) that
        have told nothing since. Until they do nobody knows what is missing."""

    async def locate(self, assigned: Sequence[Assigned]) -> list[int]:
        """The offsets to read on from, kept where the log is still the one that they belong to."""
        position = self._table
        query = select(position).where(position.c.group == self._group)
        offsets, begun, again = [], [], []
        async with self._database.write() as session:
            connection = await session.connection()
            rows = {(r.topic, r.partition): r for r in await connection.execute(query)}
            for one in assigned:
                place = (one.topic, one.partition)
                row = rows.get(place)
                if row is not None and _fits(row, one):
                    self._versions[place] = row.version
                    offsets.append(int(row.offset))
                    continue
                # A log that was made again or trimmed past the position: begin at its beginning.
                # The lanes know what is new; heads and asks bring what is missing.
                self._versions[place] = version = 0 if row is None else row.version + 1
                self.ended.pop(place, None)
                offsets.append(one.bounds.start)
                begun.append(_row(self._group, one, version))
                if row is not None:
                    again.append(place)
            for place in again:
                self._unheard[place] = await self._streams(session, *place)
            replaced = ["cluster_id", "topic_id", "offset", "version"]
            await upsert(session, position, begun, key=KEY, replace=replaced)
        return offsets

    async def _streams(
        self, session: AsyncSession, topic: str, partition: int
    ) -> set[tuple[str, int]]:
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

    def unheard(self, places: Set[Place]) -> bool:
        """Whether one of these logs was made again or trimmed, and not all has been told since of
        what it shall hold."""
        return any(self._unheard.get(place) for place in places)

    def hear(self, chunk: Chunk) -> None:
        """The heads of this chunk were met."""
        waiting = self._unheard.get((chunk.topic, chunk.partition))
        if waiting:
            for met in heads_in(chunk):
                waiting -= {(met.heads.producer, stream.shard) for stream in met.heads.streams}

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
            if end is not None:
                self.ended.setdefault(place, end)


def _fits(row: Any, one: Assigned) -> bool:
    is_same = (row.cluster_id, row.topic_id) == one.identity[:2]
    return is_same and one.bounds.start <= int(row.offset) <= one.bounds.end


def _row(group: str, one: Assigned, version: int) -> dict[str, Any]:
    return {
        "group": group,
        "topic": one.topic,
        "partition": one.partition,
        "cluster_id": one.identity.cluster_id,
        "topic_id": one.identity.topic_id,
        "offset": one.bounds.start,
        "version": version,
    }


async def hold_groups(session: AsyncSession, *groups: str) -> None:
    """Waits until no member of these groups is within a transaction, and keeps them out until this
    one ends: each of theirs begins with the lock of its position."""
    position = session.info["tables"].position
    connection = await session.connection()
    key = (position.c.group, position.c.topic, position.c.partition)
    await connection.execute(
        select(*key).where(position.c.group.in_(groups)).order_by(*key).with_for_update()
    )
