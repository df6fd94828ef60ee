"""Queries over the known workspaces, channels and sources."""

from typing import Any
from uuid import UUID

from mediaops_common.db import upsert
from mediaops_common.events import ChannelSaved, SourceSaved
from sqlalchemy import Table
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.registry.models import KnownChannel, KnownSource

CHANNEL: Table = KnownChannel.__table__  # type: ignore[attr-defined]
SOURCE: Table = KnownSource.__table__  # type: ignore[attr-defined]


async def channel_version(
    session: AsyncSession, workspace_id: UUID, channel_id: UUID
) -> int | None:
    query = select(KnownChannel.version).where(
        KnownChannel.workspace_id == workspace_id, KnownChannel.channel_id == channel_id
    )
    return (await session.exec(query)).one_or_none()


async def replace_channel(session: AsyncSession, event: ChannelSaved) -> None:
    row: dict[str, Any] = {
        "workspace_id": event.workspace_id,
        "channel_id": event.channel_id,
        "platform": event.platform,
        "name": event.name,
        "owner_kind": event.owner_kind,
        "version": event.version,
    }
    changing = ["platform", "name", "owner_kind", "version"]
    await upsert(session, CHANNEL, [row], key=["workspace_id", "channel_id"], replace=changing)


async def source_version(session: AsyncSession, workspace_id: UUID, source_id: UUID) -> int | None:
    query = select(KnownSource.version).where(
        KnownSource.workspace_id == workspace_id, KnownSource.source_id == source_id
    )
    return (await session.exec(query)).one_or_none()


async def replace_source(session: AsyncSession, event: SourceSaved) -> None:
    row: dict[str, Any] = {
        "workspace_id": event.workspace_id,
        "source_id": event.source_id,
        "channel_id": event.channel_id,
        "adapter": event.adapter,
        "enabled": event.enabled,
        "version": event.version,
    }
    changing = ["channel_id", "adapter", "enabled", "version"]
    await upsert(session, SOURCE, [row], key=["workspace_id", "source_id"], replace=changing)


async def channels(session: AsyncSession, workspace_id: UUID) -> list[KnownChannel]:
    """Every channel of the workspace, in the order of their ids."""
    query = (
        select(KnownChannel)
        .where(KnownChannel.workspace_id == workspace_id)
        .order_by(col(KnownChannel.channel_id))
    )
    return list((await session.exec(query)).all())


async def sources(session: AsyncSession, workspace_id: UUID) -> list[KnownSource]:
    """Every source of the workspace."""
    query = select(KnownSource).where(KnownSource.workspace_id == workspace_id)
    return list((await session.exec(query)).all())
