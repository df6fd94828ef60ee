"""`/content/v1/contents`: contents and their revisions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from mediaops_common import audit_trail
from mediaops_common.http import (
    Caller,
    ClockDep,
    Page,
    PageQuery,
    Reads,
    Tx,
    allow,
    etag,
    page_of,
    require_match,
)

from mediaops_content.contents import service
from mediaops_content.contents.schemas import (
    ContentCreate,
    ContentRead,
    ContentSummary,
    ContentUpdate,
    RevisionRead,
)

router = APIRouter(prefix="/content/v1/contents", tags=["contents"])

Reader = Annotated[Caller, allow("content:read")]
Writer = Annotated[Caller, allow("content:write")]


@router.post("", status_code=201)
async def create_content(
    body: ContentCreate, response: Response, caller: Writer, tx: Tx, clock: ClockDep
) -> ContentRead:
    saved = await service.create(tx, caller.workspace_id, caller.subject, body, clock.now())
    await audit_trail.record(
        tx, caller, clock, action="create", object_type="content", object_id=saved.content.id
    )
    response.headers["Location"] = f"/content/v1/contents/{saved.content.id}"
    return _answer(saved, response)


@router.get("")
async def list_contents(
    page: PageQuery,
    caller: Reader,
    reads: Reads,
    q: Annotated[str | None, Query(max_length=300, description="Part of the title.")] = None,
) -> Page[ContentSummary]:
    rows = await service.page(
        reads, caller.workspace_id, q=q, after=page.after_id(), limit=page.limit + 1
    )
    kept, next_ = page_of(rows, page, lambda row: [str(row.id)])
    return Page(items=[ContentSummary.model_validate(row) for row in kept], next=next_)


@router.get("/{content_id}")
async def get_content(
    content_id: UUID, response: Response, caller: Reader, reads: Reads
) -> ContentRead:
    return _answer(await service.find(reads, caller.workspace_id, content_id), response)


@router.patch("/{content_id}")
async def change_content(
    content_id: UUID,
    body: ContentUpdate,
    request: Request,
    response: Response,
    caller: Writer,
    tx: Tx,
    clock: ClockDep,
) -> ContentRead:
    saved = await service.find_to_change(tx, caller.workspace_id, content_id)
    require_match(request, saved.content.version)
    changed = await service.change(tx, saved, caller.subject, body, clock.now())
    await audit_trail.record(
        tx,
        caller,
        clock,
        action="change",
        object_type="content",
        object_id=content_id,
        detail={"version": changed.content.version, "fields": sorted(body.model_fields_set)},
    )
    return _answer(changed, response)


@router.get("/{content_id}/revisions")
async def list_revisions(
    content_id: UUID, page: PageQuery, caller: Reader, reads: Reads
) -> Page[RevisionRead]:
    rows = await service.page_of_revisions(
        reads,
        caller.workspace_id,
        content_id,
        below=page.after_number(),
        limit=page.limit + 1,
    )
    kept, next_ = page_of(rows, page, lambda row: [row.number])
    return Page(items=[RevisionRead.model_validate(row) for row in kept], next=next_)


@router.get("/{content_id}/revisions/{revision_id}")
async def get_revision(
    content_id: UUID, revision_id: UUID, caller: Reader, reads: Reads
) -> RevisionRead:
    revision = await service.find_revision(reads, caller.workspace_id, content_id, revision_id)
    return RevisionRead.model_validate(revision)


def _answer(saved: service.Saved, response: Response) -> ContentRead:
    response.headers["ETag"] = etag(saved.content.version)
    summary = ContentSummary.model_validate(saved.content)
    revision = RevisionRead.model_validate(saved.revision)
    return ContentRead(**summary.model_dump(), revision=revision)
