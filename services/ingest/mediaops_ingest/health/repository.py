"""Queries over rhythms, and over what they are measured by."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.deliveries.models import SourceDay
from mediaops_ingest.health.models import SourceRhythm
from mediaops_ingest.sources.models import SourceSecret
from mediaops_ingest.sources.service import Source

__all__ = ["Newest", "heard", "newest", "rhythms", "secrets", "sources_of"]


async def heard(session: AsyncSession, *, after: UUID | None, limit: int) -> Sequence[Source]:
    """Enabled sources of channels, the implicit ones of the API among them, of all workspaces, in
    the order of their ids: for the job."""
    query = select(Source).where(
        col(Source.is_enabled).is_(True), col(Source.channel_id).is_not(None)
    )
    if after is not None:
        query = query.where(Source.id > after)
    return (await session.exec(query.order_by(col(Source.id)).limit(limit))).all()


async def sources_of(
    session: AsyncSession, workspace_id: UUID, channel_id: UUID
) -> Sequence[Source]:
    query = select(Source).where(
        Source.workspace_id == workspace_id, Source.channel_id == channel_id
    )
    return (await session.exec(query.order_by(col(Source.id)))).all()


class Newest(NamedTuple):
    """The last that was heard of a source."""

    received_at: datetime
    event_at: datetime | None
    """Of the newest activity; None where there never was one."""


async def newest(session: AsyncSession, source_ids: Collection[UUID]) -> dict[UUID, Newest]:
    """The newest delivery and activity of each; those that never had one are left out."""
    query = (
        select(
            SourceDay.source_id,
            func.max(SourceDay.newest_received_at),
            func.max(SourceDay.newest_occurred),
        )
        .where(col(SourceDay.source_id).in_(source_ids))
        .group_by(col(SourceDay.source_id))
    )
    return {
        source_id: Newest(received, datetime.fromtimestamp(event, UTC) if event else None)
        for source_id, received, event in await session.exec(query)
    }


async def rhythms(session: AsyncSession, source_ids: Collection[UUID]) -> dict[UUID, SourceRhythm]:
    query = select(SourceRhythm).where(col(SourceRhythm.source_id).in_(source_ids))
    return {rhythm.source_id: rhythm for rhythm in (await session.exec(query)).all()}


async def secrets(
    session: AsyncSession, source_ids: Collection[UUID]
) -> dict[UUID, list[SourceSecret]]:
    """The sets of each, newest first."""
    query = select(SourceSecret).where(col(SourceSecret.source_id).in_(source_ids))
    found: dict[UUID, list[SourceSecret]] = {}
    for one in (await session.exec(query.order_by(col(SourceSecret.id).desc()))).all():
        found.setdefault(one.source_id, []).append(one)
    return found
