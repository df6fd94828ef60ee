"""`/ingest/v1/channels/{id}/health`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from mediaops_common.http import Caller, ClockDep, Reads, allow

from mediaops_ingest.channels import service as channels
from mediaops_ingest.health import service
from mediaops_ingest.health.schemas import ChannelHealth

__all__ = ["router"]

router = APIRouter(prefix="/ingest/v1/channels", tags=["channels"])


@router.get("/{channel_id}/health")
async def read_health(
    channel_id: UUID,
    reads: Reads,
    clock: ClockDep,
    caller: Annotated[Caller, allow("ingest:read")],
) -> ChannelHealth:
    """When its sources were last heard, whether they are silent by their own rhythm, when their
    secrets end, and what to do something about."""
    channel = await channels.find(reads, caller.workspace_id, channel_id)
    return await service.of_channel(reads, channel, clock.now())
