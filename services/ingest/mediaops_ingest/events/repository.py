"""Queries for reading the archive."""

from typing import Any

from sqlalchemy import Table, and_, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.archive.models import ArchiveChunk
from mediaops_ingest.events.filters import EventFilter, Place

__all__ = ["chunks"]

CHUNK: Table = ArchiveChunk.__table__  # type: ignore[attr-defined]


async def chunks(
    session: AsyncSession, wanted: EventFilter, after: Place | None, *, limit: int
) -> list[Any]:
    """The chunks that may hold what is wanted, from the place on, in the archive's order."""
    query = select(CHUNK.c.shard, CHUNK.c.chunk, CHUNK.c.count, CHUNK.c.records).where(
        CHUNK.c.workspace_id == wanted.workspace_id
    )
    if wanted.channel_ids is not None:
        query = query.where(CHUNK.c.channel_id.in_(sorted(wanted.channel_ids)))
    if wanted.chunks is not None:
        shard, numbers = wanted.chunks
        query = query.where(CHUNK.c.shard == shard, CHUNK.c.chunk.in_(numbers))
    if wanted.start is not None:
        query = query.where(CHUNK.c.last_occurred >= wanted.start)
    if wanted.end is not None:
        query = query.where(CHUNK.c.first_occurred < wanted.end)
    if after is not None:
        shard, chunk, _ = after
        query = query.where(
            or_(CHUNK.c.shard > shard, and_(CHUNK.c.shard == shard, CHUNK.c.chunk >= chunk))
        )
    connection = await session.connection()
    rows = await connection.execute(query.order_by(CHUNK.c.shard, CHUNK.c.chunk).limit(limit))
    return list(rows.all())
