"""Statements on the archive."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from mediaops_common.bulk import update_rows
from sqlalchemy import Table, and_, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.archive.models import ArchiveChunk, Shard

__all__ = ["move_published", "unpublished"]

CHUNK: Table = ArchiveChunk.__table__  # type: ignore[attr-defined]
SHARD: Table = Shard.__table__  # type: ignore[attr-defined]


async def unpublished(session: AsyncSession, shards: Iterable[int], *, limit: int) -> Sequence[Any]:
    """The first chunks of these shards that the bus has not acknowledged, shard by shard, in
    order."""
    waiting = and_(
        CHUNK.c.shard == SHARD.c.shard,
        CHUNK.c.chunk > SHARD.c.published,
        CHUNK.c.chunk < SHARD.c.next_chunk,
    )
    rows = await (await session.connection()).execute(
        select(SHARD.c.shard, CHUNK.c.chunk, CHUNK.c.records)
        .select_from(SHARD.join(CHUNK, waiting))
        .where(SHARD.c.shard.in_(sorted(shards)))
        .order_by(SHARD.c.shard, CHUNK.c.chunk)
        .limit(limit)
    )
    return rows.all()


async def move_published(session: AsyncSession, moved: dict[int, int]) -> None:
    """Notes what the bus has acknowledged."""
    rows = [{"shard": shard, "published": chunk} for shard, chunk in sorted(moved.items())]
    await update_rows(session, SHARD, rows, key=["shard"])


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
