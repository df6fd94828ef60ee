"""Statements on the archive."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any
from uuid import UUID

from mediaops_common.bulk import update_rows
from sqlalchemy import Table, and_, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.archive.models import ArchiveChunk, Shard

__all__ = ["move_published", "unpublished"]

CHUNK: Table = ArchiveChunk.__table__  # type: ignore[attr-defined]
SHARD: Table = Shard.__table__  # type: ignore[attr-defined]


async def unpublished(
    session: AsyncSession, shards: Iterable[int], *, limit: int, most_bytes: int
) -> tuple[Sequence[Any], bool]:
    """The first chunks of these shards that the bus has not acknowledged, shard by shard, in order,
    and whether these are all. Their sizes are read before they are: one may have megabytes."""
    waiting = and_(
        CHUNK.c.shard == SHARD.c.shard,
        CHUNK.c.chunk > SHARD.c.published,
        CHUNK.c.chunk < SHARD.c.next_chunk,
    )
    query = (
        select(func.length(CHUNK.c.records))
        .select_from(SHARD.join(CHUNK, waiting))
        .where(SHARD.c.shard.in_(sorted(shards)))
        .order_by(SHARD.c.shard, CHUNK.c.chunk)
    )
    connection = await session.connection()
    sizes = (await connection.execute(query.limit(limit))).scalars().all()
    if not sizes:
        return [], True
    count = max(1, sum(total <= most_bytes for total in accumulate(sizes)))
    columns = (SHARD.c.shard, CHUNK.c.chunk, CHUNK.c.records)
    rows = await connection.execute(query.with_only_columns(*columns).limit(count))
    return rows.all(), count == len(sizes) < limit


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
