"""Queries of lag and audit."""

from typing import Any
from uuid import UUID

from mediaops_common.lanes import unpack
from sqlalchemy import Table, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.archive.models import ArchiveChunk, ArchiveLane, Shard
from mediaops_ingest.deliveries.models import SourceDay

__all__ = ["chunks_down", "counters", "newest_numbers", "unpublished_events"]

CHUNK: Table = ArchiveChunk.__table__  # type: ignore[attr-defined]
SHARD: Table = Shard.__table__  # type: ignore[attr-defined]


async def counters(session: AsyncSession, workspace_id: UUID | None) -> list[SourceDay]:
    query = select(SourceDay)
    if workspace_id is not None:
        query = query.where(SourceDay.workspace_id == workspace_id)
    return list((await session.exec(query.order_by(col(SourceDay.day)))).all())


async def newest_numbers(session: AsyncSession) -> dict[int, dict[str, list[int]]]:
    """shard → topic → the newest number of each slot."""
    found: dict[int, dict[str, list[int]]] = {}
    for lane in await session.exec(select(ArchiveLane)):
        found.setdefault(lane.shard, {})[lane.topic] = unpack(lane.numbers)
    return found


async def chunks_down(
    session: AsyncSession, shard: int, before: int | None, *, limit: int
) -> list[Any]:
    """The shard's chunks below `before`, newest first."""
    query = CHUNK.select().where(CHUNK.c.shard == shard)
    if before is not None:
        query = query.where(CHUNK.c.chunk < before)
    connection = await session.connection()
    return list((await connection.execute(query.order_by(CHUNK.c.chunk.desc()).limit(limit))).all())


async def unpublished_events(session: AsyncSession) -> int:
    """Events in chunks that the bus has not acknowledged."""
    connection = await session.connection()
    from sqlalchemy import select as select_columns

    row = await connection.execute(
        select_columns(func.coalesce(func.sum(CHUNK.c.count), 0))
        .select_from(CHUNK.join(SHARD, CHUNK.c.shard == SHARD.c.shard))
        .where(CHUNK.c.chunk > SHARD.c.published)
    )
    return int(row.scalar_one())
