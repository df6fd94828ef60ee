"""What content knows of channels, and how long it waits for one it has not heard of yet."""

from functools import partial
from uuid import UUID

from mediaops_common.db import Database
from mediaops_common.events import ChannelSaved
from mediaops_common.http import NotFound
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_content.channels import repository


async def learn(session: AsyncSession, event: ChannelSaved) -> None:
    """Keeps what the event says, unless something newer is known already."""
    known = await repository.find(session, event.workspace_id, event.channel_id)
    if known is None or known.version < event.version:
        await repository.replace(session, event)


async def require(session: AsyncSession, workspace_id: UUID, channel_id: UUID) -> None:
    """Raises NotFound unless the channel is known in the workspace."""
    if await repository.find(session, workspace_id, channel_id) is None:
        raise NotFound(f"no channel {channel_id}")


async def await_known(
    database: Database, workspace_id: UUID, channel_id: UUID, *, timeout_seconds: float
) -> None:
    """Returns as soon as the channel is known; raises NotFound when it is not in time."""
    look = partial(repository.find, workspace_id=workspace_id, channel_id=channel_id)
    if await database.find_soon(look, timeout_seconds=timeout_seconds) is None:
        raise NotFound(f"no channel {channel_id}")
