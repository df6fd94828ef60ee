"""Workspaces over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from mediaops_common import audit_trail
from mediaops_common.http import (
    Caller,
    ClockDep,
    Forbidden,
    NotFound,
    Page,
    Reads,
    RuntimeDep,
    Tx,
    allow,
    etag,
    require_match,
)

from mediaops_ingest.sources import service as sources
from mediaops_ingest.workspaces import service
from mediaops_ingest.workspaces.schemas import WorkspaceCreate, WorkspaceRead, WorkspaceUpdate
from mediaops_ingest.workspaces.service import Workspace

router = APIRouter(prefix="/ingest/v1/workspaces", tags=["workspaces"])

Reader = Annotated[Caller, allow("ingest:read")]
Owner = Annotated[Caller, allow("admin:write")]
Operator = Annotated[Caller, allow("workspace:create")]


@router.post("", status_code=201, response_model=WorkspaceRead)
async def create_workspace(
    body: WorkspaceCreate,
    response: Response,
    tx: Tx,
    clock: ClockDep,
    runtime: RuntimeDep,
    caller: Operator,
) -> Workspace:
    if caller.workspace != "*":
        raise Forbidden("only an operator of the whole installation makes workspaces")
    made = await service.create(
        tx,
        slug=body.slug,
        name=body.name,
        timezone=body.timezone,
        limit=body.limit,
        now=clock.now(),
    )
    await audit_trail.record(
        tx, caller, clock, action="create", object_type="workspace", object_id=made.id
    )
    if made.limit is not None:
        await sources.announce(tx, runtime.keys.box, runtime.state["door_cache"])
    response.headers["ETag"] = etag(made.version)
    return made


@router.get("", response_model=Page[WorkspaceRead])
async def list_workspaces(reads: Reads, caller: Reader) -> Page[WorkspaceRead]:
    """The caller's own workspace: there is never another in the list."""
    own = await service.find(reads, caller.workspace_id)
    return Page(items=[WorkspaceRead.model_validate(own)])


@router.get("/{workspace_id}", response_model=WorkspaceRead)
async def read_workspace(
    workspace_id: UUID, response: Response, reads: Reads, caller: Reader
) -> Workspace:
    own = await service.find(reads, _own(caller, workspace_id))
    response.headers["ETag"] = etag(own.version)
    return own


@router.patch("/{workspace_id}", response_model=WorkspaceRead)
async def change_workspace(
    workspace_id: UUID,
    body: WorkspaceUpdate,
    request: Request,
    response: Response,
    tx: Tx,
    clock: ClockDep,
    runtime: RuntimeDep,
    caller: Owner,
) -> Workspace:
    """The name, and the time zone until the first activity. Its limit protects others from it: an
    operator of the whole installation changes that, and nothing else."""
    found = await service.find(tx, _changeable(caller, workspace_id, body), to_change=True)
    require_match(request, found.version)
    if body.changes_limit:
        changed = await service.set_limit(tx, found, body.limit)
    else:
        changed = await service.change(tx, found, name=body.name, timezone=body.timezone)
    await audit_trail.record(
        tx,
        caller,
        clock,
        action="change",
        object_type="workspace",
        object_id=found.id,
        detail={"fields": sorted(body.model_fields_set)},
    )
    runtime.authenticator.workspaces.forget(changed.slug)
    await sources.announce(tx, runtime.keys.box, runtime.state["door_cache"])
    response.headers["ETag"] = etag(changed.version)
    return changed


def _changeable(caller: Caller, workspace_id: UUID, body: WorkspaceUpdate) -> UUID:
    if caller.workspace != "*":
        own = _own(caller, workspace_id)
        if body.changes_limit:
            raise Forbidden("only an operator of the whole installation limits a workspace")
        return own
    if body.model_fields_set != {"limit"}:
        raise Forbidden("only somebody of the workspace changes more than its limit")
    return workspace_id


def _own(caller: Caller, workspace_id: UUID) -> UUID:
    if workspace_id != caller.workspace_id:
        raise NotFound(f"no workspace {workspace_id}")
    return workspace_id
