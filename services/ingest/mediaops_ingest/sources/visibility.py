"""What a partner's token may see and post for: its named sources, nothing else."""

from collections.abc import Iterable
from uuid import UUID

from mediaops_common.http import Caller, NotFound
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.channels import service as channels
from mediaops_ingest.sources import service
from mediaops_ingest.sources.service import Source

__all__ = ["check_channel", "find_visible", "postable_channels", "visible_sources"]


async def postable_channels(session: AsyncSession, caller: Caller) -> frozenset[UUID] | None:
    """The channels that a partner may post for: those of its sources, of which one that is switched
    off takes nothing. None for those who may post for all of the workspace."""
    named = await _named_sources(session, caller)
    return None if named is None else _channels(source for source in named if source.is_enabled)


async def _named_sources(session: AsyncSession, caller: Caller) -> list[Source] | None:
    if caller.sources is None:
        return None
    found = await service.by_ids(session, caller.sources)
    return [source for source in found if source.workspace_id == caller.workspace_id]


def _channels(sources: Iterable[Source]) -> frozenset[UUID]:
    return frozenset(s.channel_id for s in sources if s.channel_id is not None)


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


async def check_channel(session: AsyncSession, caller: Caller, channel_id: UUID) -> None:
    """Raises NotFound likewise: a partner knows of no channel but those of its sources."""
    named = await _named_sources(session, caller)
    if named is not None and channel_id not in _channels(named):
        raise NotFound(f"no channel {channel_id}")
    await channels.find(session, caller.workspace_id, channel_id)
