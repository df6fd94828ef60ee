"""Queries over the known channels."""

from uuid import UUID

from mediaops_common.db import upsert
from mediaops_common.events import ChannelSaved
from sqlalchemy import Table
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_content.channels.models import KnownChannel

TABLE: Table = KnownChannel.__table__  # type: ignore[attr-defined]


async def find(session: AsyncSession, workspace_id: UUID, channel_id: UUID) -> KnownChannel | None:
    query = select(KnownChannel).where(
        KnownChannel.workspace_id == workspace_id, KnownChannel.channel_id == channel_id
    )
    return (await session.exec(query)).one_or_none()


async def replace(session: AsyncSession, event: ChannelSaved) -> None:
    await upsert(
        session,
        TABLE,
        [
            {
                "workspace_id": event.workspace_id,
                "channel_id": event.channel_id,
                "platform": event.platform,
                "external_id": event.external_id,
                "name": event.name,
                "owner_kind": event.owner_kind,
                "version": event.version,
            }
        ],
        key=["workspace_id", "channel_id"],
        replace=["platform", "external_id", "name", "owner_kind", "version"],
    )
