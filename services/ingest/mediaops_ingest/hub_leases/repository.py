"""Queries over leases."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.hub_leases.models import HubLease


async def of_source(session: AsyncSession, source_id: UUID) -> list[HubLease]:
    """In the order of their topics."""
    query = select(HubLease).where(HubLease.source_id == source_id).order_by(col(HubLease.topic))
    return list((await session.exec(query)).all())


async def find_by_id(session: AsyncSession, lease_id: UUID) -> HubLease | None:
    query = select(HubLease).where(HubLease.id == lease_id).with_for_update()
    return (await session.exec(query)).one_or_none()


async def due(session: AsyncSession, now: datetime, *, limit: int) -> list[HubLease]:
    """Those to be asked for, the longest overdue first."""
    query = select(HubLease).where(HubLease.ask_at <= now).order_by(col(HubLease.ask_at))
    return list((await session.exec(query.limit(limit))).all())


async def drop_others(session: AsyncSession, source_id: UUID, kept: Collection[UUID]) -> None:
    """Of the source, all but these."""
    query = delete(HubLease).where(col(HubLease.source_id) == source_id)
    await session.exec(query.where(col(HubLease.id).not_in(kept)))
