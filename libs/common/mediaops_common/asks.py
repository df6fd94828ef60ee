"""What other services ask of this one: to publish again what they miss."""

from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.consumer import Handlers
from mediaops_common.events import (
    ContentLaneStalled,
    CrmLaneStalled,
    IngestLaneStalled,
    InsightsLaneStalled,
    LaneStalled,
)
from mediaops_common.relay import go_back

__all__ = ["outbox_asks"]


def outbox_asks(service: str) -> Handlers:
    """The group that answers asks about the lanes of this service's outbox."""
    handlers = Handlers("asks")

    @handlers.on(CrmLaneStalled, InsightsLaneStalled, ContentLaneStalled, IngestLaneStalled)
    async def publish_again(session: AsyncSession, ask: LaneStalled) -> None:
        await go_back(session, service, ask)

    return handlers
