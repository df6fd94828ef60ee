"""What ingest says of the quality of sources, and how fresh the numbers here are."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from uuid import UUID

from mediaops_common.events import QualityComputed
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.quality import repository
from mediaops_insights.quality.models import SourceDay
from mediaops_insights.registry import service as registry

__all__ = ["SourceDay", "days", "learn", "newest_applied", "newest_received"]

newest_received = repository.newest_received


async def learn(session: AsyncSession, events: Iterable[QualityComputed]) -> None:
    """Keeps what the events say, unless something newer is known already."""
    newest: dict[tuple[UUID, UUID, date], QualityComputed] = {}
    for event in events:
        key = (event.workspace_id, event.source_id, event.day)
        known = newest.get(key)
        if known is None or known.version < event.version:
            newest[key] = event
    await repository.replace(session, newest.values())


async def days(
    session: AsyncSession,
    workspace_id: UUID,
    first: int,
    last: int,
    channels: Collection[UUID] | None = None,
) -> list[SourceDay]:
    """What the sources (of these channels) received on those days."""
    return await repository.days(session, workspace_id, first, last, channels)


async def newest_applied(
    session: AsyncSession, group: str, workspace_id: UUID
) -> dict[UUID | None, datetime]:
    """Channel → the newest `received_at` that `group` has applied; None for sources of no
    channel that is known."""
    channel_of = {
        row.source_id: row.channel_id for row in await registry.sources(session, workspace_id)
    }
    newest: dict[UUID | None, datetime] = {}
    found = await repository.newest_applied(session, group, workspace_id)
    for source_id, moment in found.items():
        channel_id = channel_of.get(source_id)
        newest[channel_id] = max(moment, newest.get(channel_id, moment))
    return newest
