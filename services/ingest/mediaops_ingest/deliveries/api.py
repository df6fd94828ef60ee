"""`/ingest/v1/deliveries`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from mediaops_common.http import (
    Caller,
    NotFound,
    Page,
    PageQuery,
    Reads,
    RuntimeDep,
    allow,
    page_of,
    parse_range,
)

from mediaops_ingest.deliveries import service
from mediaops_ingest.deliveries.schemas import DeliveryRaw, DeliveryRead, DeliveryStatus
from mediaops_ingest.sources import service as sources
from mediaops_ingest.sources import visibility

__all__ = ["router"]

router = APIRouter(prefix="/ingest/v1/deliveries", tags=["deliveries"])

CanRead = Annotated[Caller, allow("ingest:read", partners=True)]


@router.get("")
async def list_deliveries(
    caller: CanRead,
    session: Reads,
    runtime: RuntimeDep,
    page: PageQuery,
    source_id: UUID | None = None,
    status: DeliveryStatus | None = None,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
) -> Page[DeliveryRead]:
    """Newest first, by when they were received."""
    visible = visibility.visible_sources(caller)
    if source_id is not None:
        await sources.find(session, caller.workspace_id, source_id)
        if visible is not None and source_id not in visible:
            raise NotFound(f"no source {source_id}")
    found = await service.latest(
        session,
        runtime.state["delivery_log"],
        caller.workspace_id,
        source_id=source_id,
        among=visible,
        status=status,
        received=parse_range(from_, to, caller.timezone),
        before=page.after_number(),
        limit=page.limit + 1,
    )
    rows, after = page_of(found, page, lambda pair: [pair[0]])
    return Page(items=[delivery for _, delivery in rows], next=after)


@router.get("/{delivery_id}")
async def get_delivery(
    delivery_id: UUID, caller: CanRead, session: Reads, runtime: RuntimeDep
) -> DeliveryRead:
    """What became of one delivery."""
    log = runtime.state["delivery_log"]
    delivery = await service.find(session, log, caller.workspace_id, delivery_id)
    visible = visibility.visible_sources(caller)
    if visible is not None and delivery.source_id not in visible:
        raise NotFound(f"no delivery {delivery_id}")
    return delivery


@router.get("/{delivery_id}/raw")
async def get_raw_delivery(
    delivery_id: UUID, caller: CanRead, session: Reads, runtime: RuntimeDep
) -> DeliveryRaw:
    """The request as it came, for as long as the delivery log keeps it."""
    delivery = await get_delivery(delivery_id, caller, session, runtime)
    return await service.raw(runtime.state["delivery_log"], delivery)
