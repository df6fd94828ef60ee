"""What a partner's token may see: its named sources and their channels, nothing else."""

from uuid import UUID

from mediaops_common.http import Caller, NotFound
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.channels import service as channels
from mediaops_ingest.channels.service import Channel
from mediaops_ingest.sources import service
from mediaops_ingest.sources.service import Source

__all__ = ["find_visible", "find_visible_channel", "visible_channels", "visible_sources"]


async def visible_channels(session: AsyncSession, caller: Caller) -> frozenset[UUID] | None:
    """The channels of a partner's sources; None for those who see all of the workspace."""
    if caller.sources is None:
        return None
    found = await service.by_ids(session, caller.sources)
    return frozenset(
        source.channel_id
        for source in found
        if source.workspace_id == caller.workspace_id and source.channel_id is not None
    )


def visible_sources(caller: Caller) -> frozenset[UUID] | None:
    """A partner's named sources; None for those who see all of the workspace.

    Not the implicit source of their channels, though a partner may post through it: what others
    posted for the same channel is there too.
    """
    return caller.sources


async def find_visible(session: AsyncSession, caller: Caller, source_id: UUID) -> Source:
    """Raises NotFound for a foreign one, and for one that a partner's token does not name."""
    visible = visible_sources(caller)
    if visible is not None and source_id not in visible:
        raise NotFound(f"no source {source_id}")
    return await service.find(session, caller.workspace_id, source_id)


async def find_visible_channel(session: AsyncSession, caller: Caller, channel_id: UUID) -> Channel:
    """Raises NotFound likewise."""
    visible = await visible_channels(session, caller)
    if visible is not None and channel_id not in visible:
        raise NotFound(f"no channel {channel_id}")
    return await channels.find(session, caller.workspace_id, channel_id)
