"""Queries over the permanent counters."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from mediaops_common.bulk import update_rows
from sqlalchemy import Table, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.deliveries.models import SourceDay
from mediaops_ingest.sources.service import Source

__all__ = ["days", "newest", "note_told", "sources_of", "untold"]


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


async def newest(session: AsyncSession, workspace_id: UUID) -> dict[UUID, datetime]:
    """When the newest delivery that was normalised had been received, by source."""
    query = (
        select(SourceDay.source_id, func.max(SourceDay.newest_received_at))
        .where(SourceDay.workspace_id == workspace_id)
        .group_by(col(SourceDay.source_id))
    )
    return dict((await session.exec(query)).all())


async def untold(session: AsyncSession, *, limit: int) -> list[SourceDay]:
    """Counters that changed since the other services were told of them."""
    query = select(SourceDay).where(SourceDay.version > SourceDay.told)
    return list((await session.exec(query.limit(limit))).all())


async def note_told(session: AsyncSession, rows: Collection[SourceDay]) -> None:
    table: Table = SourceDay.__table__  # type: ignore[attr-defined]
    told = [{"source_id": row.source_id, "day": row.day, "told": row.version} for row in rows]
    await update_rows(session, table, told, key=["source_id", "day"])
