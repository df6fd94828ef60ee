"""Queries over deliveries."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from mediaops_common.http import NotFound
from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.archive.models import Shard
from mediaops_ingest.deliveries.models import DedupKey, Delivery

__all__ = ["chunks_of", "cursors", "find", "forget_deliveries", "forget_keys", "page"]


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


async def chunks_of(
    session: AsyncSession, workspace_id: UUID, delivery_id: UUID
) -> tuple[int, list[int]]:
    """The shard and its chunks in which the events of a delivery lie. Raises NotFound."""
    delivery = await find(session, workspace_id, delivery_id)
    return delivery.shard, delivery.chunks


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


async def forget_deliveries(session: AsyncSession, before: int, *, limit: int) -> int:
    """Removes up to `limit` outcomes of deliveries below that seq; returns how many."""
    old = select(Delivery.id).where(Delivery.seq < before).limit(limit)
    ids = list((await session.exec(old)).all())
    if ids:
        await session.exec(delete(Delivery).where(col(Delivery.id).in_(ids)))
    return len(ids)


async def forget_keys(
    session: AsyncSession, before: int, after: bytes, *, limit: int
) -> bytes | None:
    """Looks at the next `limit` keys above `after` and removes those of deliveries below that
    seq; returns where to go on, or None at the end."""
    query = select(DedupKey.key, DedupKey.seq).where(DedupKey.key > after)
    rows = list((await session.exec(query.order_by(col(DedupKey.key)).limit(limit))).all())
    old = [key for key, seq in rows if seq < before]
    if old:
        await session.exec(delete(DedupKey).where(col(DedupKey.key).in_(old)))
    return rows[-1][0] if len(rows) == limit else None
