"""What insights knows of workspaces, channels and sources."""

from collections.abc import Collection
from uuid import UUID

from mediaops_common.db import Database
from mediaops_common.events import ChannelSaved, SourceSaved
from mediaops_common.http import NotFound
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.registry import repository
from mediaops_insights.registry.models import KnownChannel, KnownSource

__all__ = [
    "KnownChannel",
    "KnownSource",
    "await_channels",
    "channels",
    "learn_channel",
    "learn_source",
    "sources",
]

channels = repository.channels
sources = repository.sources


async def learn_channel(session: AsyncSession, event: ChannelSaved) -> None:
    """Keeps what the event says, unless something newer is known already."""
    known = await repository.channel_version(session, event.workspace_id, event.channel_id)
    if known is None or known < event.version:
        await repository.replace_channel(session, event)


async def learn_source(session: AsyncSession, event: SourceSaved) -> None:
    """Keeps what the event says, unless something newer is known already."""
    known = await repository.source_version(session, event.workspace_id, event.source_id)
    if known is None or known < event.version:
        await repository.replace_source(session, event)


async def await_channels(
    database: Database, workspace_id: UUID, wanted: Collection[UUID], *, timeout_seconds: float
) -> None:
    """Returns as soon as all these channels are known; raises NotFound when not in time."""
    missing = set(wanted)

    async def look(session: AsyncSession) -> bool | None:
        missing.difference_update(
            row.channel_id for row in await repository.channels(session, workspace_id)
        )
        return None if missing else True

    if not await database.find_soon(look, timeout_seconds=timeout_seconds):
        raise NotFound(f"no channel {min(missing)}")
