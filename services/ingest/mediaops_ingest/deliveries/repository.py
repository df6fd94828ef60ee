"""Queries over deliveries."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from mediaops_common.http import NotFound
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.archive.models import Shard
from mediaops_ingest.deliveries.models import Delivery

__all__ = ["cursors", "find", "page"]


async def cursors(session: AsyncSession) -> dict[int, int]:
    """Up to where each shard has split its deliveries."""
    rows = await session.exec(select(Shard.shard, Shard.cursor))
    return dict(rows.all())


async def find(session: AsyncSession, workspace_id: UUID, delivery_id: UUID) -> Delivery:
    """Raises NotFound, also for another workspace's."""
    query = select(Delivery).where(
        Delivery.workspace_id == workspace_id, Delivery.id == delivery_id
    )
    delivery = (await session.exec(query)).one_or_none()
    if delivery is None:
        raise NotFound(f"no delivery {delivery_id}")
    return delivery


async def page(
    session: AsyncSession,
    workspace_id: UUID,
    *,
    source_id: UUID | None,
    among: Collection[UUID] | None,
    status: str | None,
    received_from: datetime | None,
    received_to: datetime | None,
    before: int | None,
    limit: int,
) -> list[Delivery]:
    """Newest first."""
    query = select(Delivery).where(Delivery.workspace_id == workspace_id)
    if source_id is not None:
        query = query.where(Delivery.source_id == source_id)
    if among is not None:
        query = query.where(col(Delivery.source_id).in_(among))
    if status is not None:
        query = query.where(Delivery.status == status)
    if received_from is not None:
        query = query.where(Delivery.received_at >= received_from)
    if received_to is not None:
        query = query.where(Delivery.received_at < received_to)
    if before is not None:
        query = query.where(Delivery.seq < before)
    return list((await session.exec(query.order_by(col(Delivery.seq).desc()).limit(limit))).all())
