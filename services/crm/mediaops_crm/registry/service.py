"""What crm knows of workspaces and channels."""

from functools import partial
from uuid import UUID

from mediaops_common.db import Database
from mediaops_common.events import ChannelSaved
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.registry import repository

platforms = repository.platforms
zones = repository.zones


async def learn_channel(session: AsyncSession, event: ChannelSaved) -> None:
    """Keeps what the event says, unless something newer is known already."""
    known = await repository.channel_version(session, event.workspace_id, event.channel_id)
    if known is None or known < event.version:
        await repository.replace_channel(session, event)


async def await_channel(
    database: Database, workspace_id: UUID, channel_id: UUID, *, timeout_seconds: float
) -> None:
    """Returns as soon as the channel is known, or when the time is over."""
    look = partial(repository.channel_version, workspace_id=workspace_id, channel_id=channel_id)
    await database.find_soon(look, timeout_seconds=timeout_seconds)
