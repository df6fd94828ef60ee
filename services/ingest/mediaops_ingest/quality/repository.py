"""Queries over the permanent counters."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.deliveries.models import SourceDay
from mediaops_ingest.sources.service import Source

__all__ = ["changed_since", "days", "newest", "of_workspace", "sources_of"]


async def days(session: AsyncSession, workspace_id: UUID, first: int, last: int) -> list[SourceDay]:
    """Counters of the workspace's sources on these local days of receipt."""
    query = select(SourceDay).where(
        SourceDay.workspace_id == workspace_id, SourceDay.day >= first, SourceDay.day <= last
    )
    return list((await session.exec(query)).all())


async def of_workspace(session: AsyncSession, workspace_id: UUID | None) -> list[SourceDay]:
    """All counters there are; of all workspaces for an operator."""
    query = select(SourceDay)
    if workspace_id is not None:
        query = query.where(SourceDay.workspace_id == workspace_id)
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


async def changed_since(
    session: AsyncSession, told: dict[tuple[UUID, int], int], first_day: int
) -> list[SourceDay]:
    """Counters of recent days whose version is not the one that was told last."""
    rows = await session.exec(select(SourceDay).where(SourceDay.day >= first_day))
    return [row for row in rows.all() if told.get((row.source_id, row.day)) != row.version]
