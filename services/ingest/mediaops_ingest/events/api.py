"""`/ingest/v1/events`."""

from collections.abc import Collection
from typing import Annotated, Any, Literal, TypeVar
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
from mediaops_common.lengths import LONGEST_FILTER
from pydantic import StringConstraints

from mediaops_ingest.channels import service as channels
from mediaops_ingest.deliveries import service as deliveries
from mediaops_ingest.events import service
from mediaops_ingest.sources import service as sources

__all__ = ["router"]

router = APIRouter(prefix="/ingest/v1/events", tags=["events"])

T = TypeVar("T")

Text = Annotated[str | None, Query(max_length=LONGEST_FILTER)]
Texts = Annotated[
    list[Annotated[str, StringConstraints(max_length=LONGEST_FILTER)]] | None, Query(max_length=500)
]
Kind = Literal["recorded", "retracted", "snapshot"]


@router.get("")
async def list_events(
    caller: Annotated[Caller, allow("ingest:read")],
    session: Reads,
    runtime: RuntimeDep,
    page: PageQuery,
    channel_id: Annotated[list[UUID] | None, Query(max_length=500)] = None,
    source_id: UUID | None = None,
    delivery_id: UUID | None = None,
    event: Annotated[list[Kind] | None, Query(max_length=3)] = None,
    type: Texts = None,
    metric: Texts = None,
    actor: Text = None,
    content: Texts = None,
    region: Texts = None,
    currency: Texts = None,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
) -> Page[dict[str, Any]]:
    """Recorded and retracted activities and snapshots as they were numbered.

    `from` and `to` are about when things happened. `event` says recorded, retracted or snapshot;
    `metric` is that of a snapshot. A filter may be repeated, and then any of its values passes.
    A page may hold fewer events than `limit` and still have a `next`.
    """
    for each in channel_id or ():
        await channels.find(session, caller.workspace_id, each)
    if source_id is not None:
        source = await sources.find(session, caller.workspace_id, source_id)
        if source.channel_id is not None and not channel_id:
            # What a source brought lies with its channel: nothing else need be looked through.
            channel_id = [source.channel_id]
    chunks = None
    if delivery_id is not None:
        log = runtime.state["delivery_log"]
        chunks = await deliveries.chunks_of(session, log, caller.workspace_id, delivery_id)
    occurred = parse_range(from_, to, caller.timezone)
    wanted = service.EventFilter(
        workspace_id=caller.workspace_id,
        channel_ids=_any_of(channel_id),
        source_id=source_id,
        delivery_id=delivery_id,
        events=_any_of(event),
        types=_any_of(type),
        metrics=_any_of(metric),
        actor=actor,
        contents=_any_of(content),
        regions=_any_of(region),
        currencies=_any_of(currency),
        start=occurred.start,
        end=occurred.end,
        chunks=chunks,
    )
    place = page.after_numbers(3)
    items, last = await service.page(session, wanted, place, page.limit)
    return Page(items=items, next=None if last is None else encode_cursor(*last))


def _any_of(values: Collection[T] | None) -> frozenset[T] | None:
    return frozenset(values) if values else None
