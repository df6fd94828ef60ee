"""Queries over the permanent counters."""

from collections.abc import Collection
from uuid import UUID

from mediaops_common.bulk import update_rows
from sqlalchemy import Table, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.deliveries.models import SourceDay, SourceDayPart
from mediaops_ingest.quality.rows import Ever, Parts
from mediaops_ingest.sources.service import Source

__all__ = ["days", "ever", "note_told", "parts", "sources_of", "untold"]


async def days(session: AsyncSession, workspace_id: UUID, first: int, last: int) -> list[SourceDay]:
    """Counters of the workspace's sources on these local days of receipt."""
    query = select(SourceDay).where(
        SourceDay.workspace_id == workspace_id, SourceDay.day >= first, SourceDay.day <= last
    )
    return list((await session.exec(query)).all())


async def sources_of(
    session: AsyncSession, workspace_id: UUID, among: Collection[UUID] | None
) -> list[Source]:
    query = select(Source).where(Source.workspace_id == workspace_id)
    if among is not None:
        query = query.where(col(Source.id).in_(among))
    return list((await session.exec(query.order_by(col(Source.id)))).all())


async def parts(
    session: AsyncSession, workspace_id: UUID, first: int, last: int
) -> dict[tuple[UUID, int], Parts]:
    """What the counters of these days are made of, by source and day."""
    query = select(SourceDayPart).where(
        SourceDayPart.workspace_id == workspace_id,
        SourceDayPart.day >= first,
        SourceDayPart.day <= last,
    )
    found: dict[tuple[UUID, int], dict[tuple[str, str], int]] = {}
    for row in await session.exec(query):
        found.setdefault((row.source_id, row.day), {})[row.kind, row.name] = row.items
    return dict(found)


async def ever(session: AsyncSession, workspace_id: UUID) -> dict[UUID, Ever]:
    """What is known of each source over all its days."""
    query = (
        select(
            SourceDay.source_id,
            func.min(SourceDay.day),
            func.max(SourceDay.newest_received_at),
            func.max(SourceDay.newest_occurred),
        )
        .where(SourceDay.workspace_id == workspace_id)
        .group_by(col(SourceDay.source_id))
    )
    return {
        source_id: Ever(first, received, occurred)
        for source_id, first, received, occurred in await session.exec(query)
    }


async def untold(session: AsyncSession, *, limit: int) -> list[SourceDay]:
    """Counters that changed since the other services were told of them."""
    query = select(SourceDay).where(SourceDay.version > SourceDay.told)
    return list((await session.exec(query.limit(limit))).all())


async def note_told(session: AsyncSession, rows: Collection[SourceDay]) -> None:
    table: Table = SourceDay.__table__  # type: ignore[attr-defined]
    told = [{"source_id": row.source_id, "day": row.day, "told": row.version} for row in rows]
    await update_rows(session, table, told, key=["source_id", "day"])
