"""Queries over channels. Every one names the workspace."""

from collections.abc import Collection
from uuid import UUID

from mediaops_common.http import NotFound
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.channels.models import Channel


async def find(
    session: AsyncSession, workspace_id: UUID, channel_id: UUID, *, to_change: bool = False
) -> Channel:
    """Raises NotFound, also for a channel of another workspace."""
    query = select(Channel).where(Channel.workspace_id == workspace_id, Channel.id == channel_id)
    if to_change:
        query = query.with_for_update()
    channel = (await session.exec(query)).one_or_none()
    if channel is None:
        raise NotFound(f"no channel {channel_id}")
    return channel


async def add(session: AsyncSession, channel: Channel) -> bool:
    """False when the workspace has a channel for this account."""
    try:
        async with session.begin_nested():
            session.add(channel)
    except IntegrityError:
        return False
    return True


async def by_ids(
    session: AsyncSession, workspace_id: UUID, channel_ids: Collection[UUID]
) -> list[Channel]:
    """Those of the ids that are channels of the workspace."""
    query = select(Channel).where(
        Channel.workspace_id == workspace_id, col(Channel.id).in_(channel_ids)
    )
    return list((await session.exec(query)).all())


async def page(
    session: AsyncSession,
    workspace_id: UUID,
    *,
    platform: str | None,
    owner_kind: str | None,
    after: UUID | None,
    limit: int,
) -> list[Channel]:
    """Oldest first: ids are of version 7, so their order is the order of time."""
    query = select(Channel).where(Channel.workspace_id == workspace_id)
    if platform is not None:
        query = query.where(Channel.platform == platform)
    if owner_kind is not None:
        query = query.where(Channel.owner_kind == owner_kind)
    if after is not None:
        query = query.where(Channel.id > after)
    return list((await session.exec(query.order_by(col(Channel.id)).limit(limit))).all())
