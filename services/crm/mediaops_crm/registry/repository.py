"""Queries over the known workspaces and channels."""

from uuid import UUID

from mediaops_common.db import upsert
from mediaops_common.events import ChannelSaved
from sqlalchemy import Table
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.registry.models import KnownChannel

CHANNEL: Table = KnownChannel.__table__  # type: ignore[attr-defined]


async def channel_version(
    session: AsyncSession, workspace_id: UUID, channel_id: UUID
) -> int | None:
    query = select(KnownChannel.version).where(
        KnownChannel.workspace_id == workspace_id, KnownChannel.channel_id == channel_id
    )
    return (await session.exec(query)).one_or_none()


async def replace_channel(session: AsyncSession, event: ChannelSaved) -> None:
    row = {
        "workspace_id": event.workspace_id,
        "channel_id": event.channel_id,
        "platform": event.platform,
        "name": event.name,
        "version": event.version,
    }
    changing = ["platform", "name", "version"]
    await upsert(session, CHANNEL, [row], key=["workspace_id", "channel_id"], replace=changing)


async def platforms(session: AsyncSession, workspace_id: UUID) -> dict[UUID, str]:
    """Channel → platform, of every channel of the workspace."""
    query = select(KnownChannel.channel_id, KnownChannel.platform).where(
        KnownChannel.workspace_id == workspace_id
    )
    return {channel_id: platform for channel_id, platform in await session.exec(query)}


async def zones(session: AsyncSession) -> dict[UUID, str]:
    """Workspace → time zone, of every workspace."""
    table = session.info["tables"].workspace
    query = select(table.c.workspace_id, table.c.timezone)
    return {workspace_id: timezone for workspace_id, timezone in await session.exec(query)}
