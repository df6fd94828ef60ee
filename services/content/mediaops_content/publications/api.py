"""`/content/v1/publications`: what is live, where, under which id of the platform."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from mediaops_common import audit_trail
from mediaops_common.http import (
    Caller,
    ClockDep,
    Invalid,
    Page,
    PageQuery,
    Reads,
    RuntimeDep,
    Tx,
    allow,
    page_of,
    parse_range,
)
from mediaops_common.lengths import LONGEST_FILTER

from mediaops_content.channels import service as channels
from mediaops_content.publications import service
from mediaops_content.publications.schemas import PublicationCreate, PublicationRead

router = APIRouter(prefix="/content/v1/publications", tags=["publications"])

Reader = Annotated[Caller, allow("content:read")]
Writer = Annotated[Caller, allow("content:write")]

LATEST = timedelta(hours=24)
"""How far ahead of our clock a platform's may be."""


async def _channel_has_arrived(
    request: Request, body: PublicationCreate, runtime: RuntimeDep
) -> None:
    """Waits for a channel made a moment ago, before the route's transaction opens."""
    caller: Caller = request.state.caller
    await channels.await_known(
        runtime.database,
        caller.workspace_id,
        body.channel_id,
        timeout_seconds=runtime.settings.channel_wait_seconds,
    )


@router.post("", status_code=201, dependencies=[Depends(_channel_has_arrived)])
async def register_publication(
    body: PublicationCreate, response: Response, caller: Writer, tx: Tx, clock: ClockDep
) -> PublicationRead:
    now = clock.now()
    if body.published_at > now + LATEST:
        raise Invalid("published_at", "is more than 24 hours ahead")
    publication = await service.register(tx, caller.workspace_id, caller.subject, body, now)
    await audit_trail.record(
        tx,
        caller,
        clock,
        action="register",
        object_type="publication",
        object_id=publication.id,
        detail={"content_id": str(body.content_id), "channel_id": str(body.channel_id)},
    )
    response.headers["Location"] = f"/content/v1/publications/{publication.id}"
    return PublicationRead.model_validate(publication)


@router.get("")
async def list_publications(
    page: PageQuery,
    caller: Reader,
    reads: Reads,
    content_id: UUID | None = None,
    channel_id: UUID | None = None,
    external_id: Annotated[str | None, Query(max_length=LONGEST_FILTER)] = None,
    from_: Annotated[str | None, Query(alias="from", description="By `published_at`.")] = None,
    to: str | None = None,
) -> Page[PublicationRead]:
    filters = service.Filters(
        content_id, channel_id, external_id, parse_range(from_, to, caller.timezone)
    )
    rows = await service.page(
        reads, caller.workspace_id, filters, after=page.after_id(), limit=page.limit + 1
    )
    kept, next_ = page_of(rows, page, lambda row: [str(row.id)])
    return Page(items=[PublicationRead.model_validate(row) for row in kept], next=next_)


@router.get("/{publication_id}")
async def get_publication(publication_id: UUID, caller: Reader, reads: Reads) -> PublicationRead:
    publication = await service.find(reads, caller.workspace_id, publication_id)
    return PublicationRead.model_validate(publication)
