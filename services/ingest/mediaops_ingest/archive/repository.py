"""Statements on the archive."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, bindparam, func, select, union_all, update
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.archive.models import ArchiveChunk, Shard

__all__ = ["move_published", "unpublished"]

CHUNK: Table = ArchiveChunk.__table__  # type: ignore[attr-defined]
SHARD: Table = Shard.__table__  # type: ignore[attr-defined]


async def unpublished(
    session: AsyncSession, published: dict[int, int], *, limit: int | None
) -> Sequence[Any]:
    """The chunks of these shards that the bus has not acknowledged, shard by shard, in order: of
    each shard its share of the limit, so that none waits for another."""
    connection = await session.connection()
    shards = await connection.execute(
        select(SHARD.c.shard, SHARD.c.next_chunk).where(SHARD.c.shard.in_(sorted(published)))
    )
    waiting = [row.shard for row in shards.all() if published[row.shard] < row.next_chunk - 1]
    if not waiting:
        return []
    share = None if limit is None else max(1, limit // len(waiting))
    following = (
        select(CHUNK.c.shard, CHUNK.c.chunk, CHUNK.c.records)
        .where(CHUNK.c.shard == shard, CHUNK.c.chunk > published[shard])
        .order_by(CHUNK.c.chunk)
        .limit(share)
        .subquery()
        for shard in waiting
    )
    rows = await connection.execute(union_all(*(select(part) for part in following)))
    return sorted(rows.all(), key=lambda row: (row.shard, row.chunk))


async def move_published(session: AsyncSession, moved: dict[int, int]) -> None:
    """Notes what the bus has acknowledged."""
    statement = (
        update(SHARD)
        .where(SHARD.c.shard == bindparam("of_shard"))
        .values(published=bindparam("last_chunk"))
    )
    moves = [{"of_shard": shard, "last_chunk": chunk} for shard, chunk in sorted(moved.items())]
    await (await session.connection()).execute(statement, moves)


async def chunks_of(session: AsyncSession, shard: int, chunks: Iterable[int]) -> Sequence[Any]:
    """These chunks of a shard, in order."""
    connection = await session.connection()
    rows = await connection.execute(
        select(CHUNK)
        .where(CHUNK.c.shard == shard, CHUNK.c.chunk.in_(sorted(set(chunks))))
        .order_by(CHUNK.c.chunk)
    )
    return rows.all()


async def overlapping(
    session: AsyncSession, workspace_id: UUID, channel_id: UUID, first: Any, last: Any
) -> Sequence[Any]:
    """The channel's chunks that may hold something that happened in [first, last)."""
    connection = await session.connection()
    rows = await connection.execute(
        select(CHUNK)
        .where(
            CHUNK.c.workspace_id == workspace_id,
            CHUNK.c.channel_id == channel_id,
            CHUNK.c.last_occurred >= first,
            CHUNK.c.first_occurred < last,
        )
        .order_by(CHUNK.c.shard, CHUNK.c.chunk)
    )
    return rows.all()


async def archive_ends(session: AsyncSession) -> dict[int, int]:
    """The last chunk of each shard that has any."""
    connection = await session.connection()
    rows = await connection.execute(
        select(CHUNK.c.shard, func.max(CHUNK.c.chunk)).group_by(CHUNK.c.shard)
    )
    return dict((shard, chunk) for shard, chunk in rows)
