"""Statements on the archive."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from mediaops_common.bulk import update_rows
from mediaops_common.db import rows_by_key
from sqlalchemy import Table, and_, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.archive.models import ArchiveChunk, Shard
from mediaops_ingest.archive.sizes import fitting

__all__ = [
    "archive_ends",
    "chunks_of",
    "move_published",
    "overlapping",
    "sizes_of",
    "unpublished",
]

CHUNK: Table = ArchiveChunk.__table__  # type: ignore[attr-defined]
SHARD: Table = Shard.__table__  # type: ignore[attr-defined]
SIZE = func.length(CHUNK.c.records).label("size")


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
    count = fitting(sizes, most_bytes)
    columns = (SHARD.c.shard, CHUNK.c.chunk, CHUNK.c.records)
    rows = await connection.execute(query.with_only_columns(*columns).limit(count))
    return rows.all(), count == len(sizes) < limit


async def move_published(session: AsyncSession, moved: dict[int, int]) -> None:
    """Notes what the bus has acknowledged."""
    rows = [{"shard": shard, "published": chunk} for shard, chunk in sorted(moved.items())]
    await update_rows(session, SHARD, rows, key=["shard"])


async def sizes_of(session: AsyncSession, shard: int, chunks: Iterable[int]) -> Sequence[Any]:
    """(shard, chunk, count, size) of these chunks of a shard, in order."""
    wanted = sorted(set(chunks))
    columns = (CHUNK.c.shard, CHUNK.c.chunk, CHUNK.c.count, SIZE)
    of_shard = select(*columns).where(CHUNK.c.shard == shard)
    rows = await rows_by_key(session, of_shard, CHUNK.c.chunk, wanted)
    return sorted(rows, key=attrgetter("chunk"))


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
    session: AsyncSession,
    channel: tuple[UUID, UUID],
    first: datetime,
    last: datetime,
    *,
    after: tuple[datetime, int] | None,
    limit: int,
) -> Sequence[Any]:
    """Where the chunks of (workspace, channel) lie that may hold something that happened in
    [first, last): a page behind (last_occurred, chunk), in that order, which its index has."""
    workspace_id, channel_id = channel
    query = select(
        CHUNK.c.shard, CHUNK.c.chunk, CHUNK.c.first_occurred, CHUNK.c.last_occurred, SIZE
    ).where(
        CHUNK.c.workspace_id == workspace_id,
        CHUNK.c.channel_id == channel_id,
        CHUNK.c.last_occurred >= (first if after is None else after[0]),
        CHUNK.c.first_occurred < last,
    )
    if after is not None:
        moment, chunk = after
        query = query.where(or_(CHUNK.c.last_occurred > moment, CHUNK.c.chunk > chunk))
    connection = await session.connection()
    rows = await connection.execute(
        query.order_by(CHUNK.c.last_occurred, CHUNK.c.chunk).limit(limit)
    )
    return rows.all()


async def archive_ends(session: AsyncSession) -> dict[int, int]:
    """The last chunk of each shard that has any."""
    connection = await session.connection()
    rows = await connection.execute(
        select(CHUNK.c.shard, func.max(CHUNK.c.chunk)).group_by(CHUNK.c.shard)
    )
    return dict((shard, chunk) for shard, chunk in rows)
