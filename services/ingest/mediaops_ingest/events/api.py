"""`/ingest/v1/events`."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from mediaops_common.http import (
    Caller,
    Page,
    PageQuery,
    Reads,
    RuntimeDep,
    allow,
    encode_cursor,
    parse_range,
)

from mediaops_ingest.channels import service as channels
from mediaops_ingest.cursors import numbers_after
from mediaops_ingest.deliveries import service as deliveries
from mediaops_ingest.events import service
from mediaops_ingest.sources import service as sources

__all__ = ["router"]

router = APIRouter(prefix="/ingest/v1/events", tags=["events"])

Text = Annotated[str | None, Query(max_length=500)]


@router.get("")
async def list_events(
    caller: Annotated[Caller, allow("ingest:read")],
    session: Reads,
    runtime: RuntimeDep,
    page: PageQuery,
    channel_id: UUID | None = None,
    source_id: UUID | None = None,
    delivery_id: UUID | None = None,
    type: Text = None,
    actor: Text = None,
    content: Text = None,
    region: Text = None,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
) -> Page[dict[str, Any]]:
    """Recorded and retracted activities and snapshots as they were numbered.

    `from` and `to` are about when things happened. `event` says recorded, retracted or snapshot.
    A page may hold fewer events than `limit` and still have a `next`.
    """
    if channel_id is not None:
        await channels.find(session, caller.workspace_id, channel_id)
    if source_id is not None:
        await sources.find(session, caller.workspace_id, source_id)
    chunks = None
    if delivery_id is not None:
        log = runtime.state["delivery_log"]
        chunks = await deliveries.chunks_of(session, log, caller.workspace_id, delivery_id)
    occurred = parse_range(from_, to, caller.timezone)
    wanted = service.EventFilter(
        workspace_id=caller.workspace_id,
        channel_id=channel_id,
        source_id=source_id,
        delivery_id=delivery_id,
        type=type,
        actor=actor,
        content=content,
        region=region,
        start=occurred.start,
        end=occurred.end,
        chunks=chunks,
    )
    place = numbers_after(page, 3)
    items, last = await service.page(session, wanted, place, page.limit)
    return Page(items=items, next=None if last is None else encode_cursor(*last))
