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

__all__ = ["ASKS_PACE_SECONDS", "outbox_asks"]


ASKS_PACE_SECONDS = 2.0
"""The group reads every topic that services publish on, and almost nothing there is an ask."""


def outbox_asks(service: str) -> Handlers:
    """The group that answers asks about the lanes of this service's outbox.

    Out of turn, for two services may each miss what stands before the other's ask: then either
    would wait for the other for ever. The fencing number in an ask lets it count once.
    """
    handlers = Handlers("asks", ASKS_PACE_SECONDS)
    asks = (CrmLaneStalled, InsightsLaneStalled, ContentLaneStalled, IngestLaneStalled)

    @handlers.on(*asks, out_of_turn=True)
    async def publish_again(session: AsyncSession, ask: LaneStalled) -> None:
        await go_back(session, service, ask)

    return handlers
