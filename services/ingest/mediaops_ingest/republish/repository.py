"""Statements on republications, and the relay's way back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from mediaops_common.ids import SHARDS
from mediaops_common.lanes import unpack
from sqlalchemy import Table, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.archive.models import ArchiveChunk, ArchiveLane, ArchiveMark, Shard
from mediaops_ingest.archive.sizes import fitting
from mediaops_ingest.normaliser.shards import lease_name
from mediaops_ingest.republish.models import Republication

__all__ = [
    "advance",
    "begin",
    "chunks_after",
    "fences",
    "last_chunks",
    "marks",
    "next_open",
    "numbers_behind",
    "numbers_given",
    "published",
    "set_published",
    "through",
]

CHUNK: Table = ArchiveChunk.__table__  # type: ignore[attr-defined]
LANE: Table = ArchiveLane.__table__  # type: ignore[attr-defined]
MARK: Table = ArchiveMark.__table__  # type: ignore[attr-defined]
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
    session: AsyncSession, shard: int, chunk: int, end: int, *, limit: int, most_bytes: int
) -> Sequence[Any]:
    """The first of the shard's chunks in (chunk, end], in order. Their sizes are read before they
    are."""
    connection = await session.connection()
    query = (
        select(func.length(CHUNK.c.records))
        .where(CHUNK.c.shard == shard, CHUNK.c.chunk > chunk, CHUNK.c.chunk <= end)
        .order_by(CHUNK.c.chunk)
    )
    sizes = (await connection.execute(query.limit(limit))).scalars().all()
    columns = (CHUNK.c.shard, CHUNK.c.chunk, CHUNK.c.records)
    whole = query.with_only_columns(*columns).limit(fitting(sizes, most_bytes))
    return (await connection.execute(whole)).all()


async def numbers_given(session: AsyncSession, shard: int) -> dict[str, list[int]]:
    """By topic, the newest number of each of the shard's lanes."""
    return await _numbers(
        session, select(LANE.c.topic, LANE.c.numbers).where(LANE.c.shard == shard)
    )


async def numbers_behind(session: AsyncSession, shard: int, chunk: int) -> dict[str, list[int]]:
    """The same as it was at a mark."""
    query = select(MARK.c.topic, MARK.c.numbers)
    return await _numbers(session, query.where(MARK.c.shard == shard, MARK.c.chunk == chunk))


async def _numbers(session: AsyncSession, query: Any) -> dict[str, list[int]]:
    connection = await session.connection()
    return {row.topic: unpack(row.numbers) for row in await connection.execute(query)}


async def marks(session: AsyncSession, shard: int, up_to: int) -> list[int]:
    """The shard's chunks with a mark, in order."""
    connection = await session.connection()
    rows = await connection.execute(
        select(MARK.c.chunk)
        .where(MARK.c.shard == shard, MARK.c.chunk <= up_to)
        .distinct()
        .order_by(MARK.c.chunk)
    )
    return list(rows.scalars())


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


async def last_chunks(session: AsyncSession) -> dict[int, int]:
    """The last chunk of each shard that has any."""
    connection = await session.connection()
    rows = await connection.execute(
        select(SHARD.c.shard, SHARD.c.next_chunk - 1).where(SHARD.c.next_chunk > 1)
    )
    return dict((shard, chunk) for shard, chunk in rows)


async def through(session: AsyncSession, shard: int, chunk: int) -> datetime | None:
    """Up to when all was normalised before that chunk, or before the next one that is there; None
    where there is none."""
    connection = await session.connection()
    row = await connection.execute(
        select(CHUNK.c.through)
        .where(CHUNK.c.shard == shard, CHUNK.c.chunk >= chunk)
        .order_by(CHUNK.c.chunk)
        .limit(1)
    )
    moment: datetime | None = row.scalar_one_or_none()
    return moment


async def fences(session: AsyncSession, *, locking: bool = False) -> dict[int, int]:
    """The present fencing number of each shard; locked, all at once and in the order of those who
    hold them, until the transaction ends."""
    lease = session.info["tables"].lease
    names = {lease_name(shard): shard for shard in range(SHARDS)}
    query = select(lease.c.name, lease.c.fence).where(lease.c.name.in_(names))
    query = query.order_by(lease.c.name)
    connection = await session.connection()
    rows = await connection.execute(query.with_for_update() if locking else query)
    return {names[name]: fence for name, fence in rows}
