"""Statements on republications, and the relay's way back."""

from typing import Any
from uuid import UUID

from sqlalchemy import Table, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.archive.models import ArchiveChunk, Shard
from mediaops_ingest.republish.models import Republication

__all__ = ["advance", "begin", "chunks_after", "chunks_before", "next_open", "set_published"]

CHUNK: Table = ArchiveChunk.__table__  # type: ignore[attr-defined]
SHARD: Table = Shard.__table__  # type: ignore[attr-defined]


async def next_open(session: AsyncSession) -> Republication | None:
    """The oldest republication that is not done."""
    query = select(Republication).where(col(Republication.state) != "done")
    return (await session.exec(query.order_by(col(Republication.id)).limit(1))).one_or_none()


async def begin(session: AsyncSession, republication_id: UUID, ends: dict[str, int]) -> None:
    await session.exec(
        update(Republication)
        .where(col(Republication.id) == republication_id)
        .values(state="running", ends=ends)
    )


async def advance(
    session: AsyncSession, republication_id: UUID, cursor: dict[str, int], state: str
) -> None:
    await session.exec(
        update(Republication)
        .where(col(Republication.id) == republication_id)
        .values(cursor=cursor, state=state)
    )


async def chunks_after(
    session: AsyncSession, shard: int, chunk: int, end: int, *, limit: int
) -> list[Any]:
    """The shard's chunks in (chunk, end], in order."""
    connection = await session.connection()
    rows = await connection.execute(
        select(CHUNK.c.shard, CHUNK.c.chunk, CHUNK.c.records)
        .where(CHUNK.c.shard == shard, CHUNK.c.chunk > chunk, CHUNK.c.chunk <= end)
        .order_by(CHUNK.c.chunk)
        .limit(limit)
    )
    return list(rows.all())


async def chunks_before(session: AsyncSession, shard: int, chunk: int, *, limit: int) -> list[Any]:
    """The shard's chunks up to `chunk`, newest first."""
    connection = await session.connection()
    rows = await connection.execute(
        select(CHUNK.c.chunk, CHUNK.c.records)
        .where(CHUNK.c.shard == shard, CHUNK.c.chunk <= chunk)
        .order_by(CHUNK.c.chunk.desc())
        .limit(limit)
    )
    return list(rows.all())


async def published(session: AsyncSession, shard: int) -> int:
    connection = await session.connection()
    row = await connection.execute(select(SHARD.c.published).where(SHARD.c.shard == shard))
    return int(row.scalar_one_or_none() or 0)


async def set_published(session: AsyncSession, shard: int, chunk: int) -> None:
    connection = await session.connection()
    await connection.execute(
        update(SHARD)
        .where(SHARD.c.shard == shard, SHARD.c.published > chunk)
        .values(published=chunk)
    )


async def first_chunk_since(session: AsyncSession, shard: int, since: Any) -> int | None:
    """The first chunk whose events were received after `since`."""
    connection = await session.connection()
    row = await connection.execute(
        select(CHUNK.c.chunk)
        .where(CHUNK.c.shard == shard, CHUNK.c.through >= since)
        .order_by(CHUNK.c.chunk)
        .limit(1)
    )
    chunk: int | None = row.scalar_one_or_none()
    return chunk


async def fence_of(session: AsyncSession, name: str) -> int | None:
    """The present fencing number, locked until the transaction ends."""
    lease = session.info["tables"].lease
    connection = await session.connection()
    row = await connection.execute(
        select(lease.c.fence).where(lease.c.name == name).with_for_update()
    )
    fence: int | None = row.scalar_one_or_none()
    return fence
