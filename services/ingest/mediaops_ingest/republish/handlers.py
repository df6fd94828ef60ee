"""What consumers ask: numbers they miss, and the archive for a rebuild."""

from datetime import UTC, datetime

from mediaops_common.asks import ASKS_PACE_SECONDS
from mediaops_common.consumer import Handlers
from mediaops_common.events import (
    CrmLaneStalled,
    CrmRebuildRequested,
    InsightsLaneStalled,
    InsightsRebuildRequested,
    LaneStalled,
    RebuildRequested,
)
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.republish import service
from mediaops_ingest.republish.models import Republication

__all__ = ["handlers"]

handlers = Handlers("asks", ASKS_PACE_SECONDS)


@handlers.on_several(CrmLaneStalled, InsightsLaneStalled, out_of_turn=True)
async def publish_what_is_missing(session: AsyncSession, asks: list[LaneStalled]) -> None:
    """The archive's relay goes back to before what is missing."""
    await service.go_back(session, asks)


@handlers.on(CrmRebuildRequested, InsightsRebuildRequested)
async def queue_republication(session: AsyncSession, request: RebuildRequested) -> None:
    """The worker that holds the shards publishes the archive on the rebuild's topics."""
    session.add(
        Republication(
            id=request.rebuild_id,
            service=request.service,
            topic=request.topic,
            state="queued",
            ends={},
            cursor={},
            created_at=datetime.now(UTC),
        )
    )
    await session.flush()
