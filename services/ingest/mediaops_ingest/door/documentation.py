"""The API posts as OpenAPI shows them. The door in front of FastAPI answers these paths itself."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from mediaops_common.http import Caller, NotFound, allow
from pydantic import BaseModel

router = APIRouter(prefix="/ingest/v1", tags=["posts"])

Sender = Annotated[Caller, allow("ingest:write", partners=True)]


class Rejected(BaseModel):
    index: int
    field: str
    detail: str


class Kept(BaseModel):
    """The request is durable. Repeats and conflicts show up in `/ingest/v1/quality`."""

    delivery_id: UUID
    deliveries: list[UUID]
    """One for each channel that the items name."""
    accepted: int
    rejected: list[Rejected]


@router.post("/activities", status_code=202, response_model=Kept)
async def post_activities(body: list[dict[str, Any]], caller: Sender) -> Kept:
    """Up to 1,000 canonical activities of any channels, plain or in gzip. 422 only when the body
    is no array, 413 when it is too long; an item that cannot be accepted is listed in `rejected`.
    429 when the workspace, or the source of a channel, has reached its limit: nothing was kept.
    """
    raise NotFound("the door answers this path")


@router.post("/snapshots", status_code=202, response_model=Kept)
async def post_snapshots(body: list[dict[str, Any]], caller: Sender) -> Kept:
    """Up to 1,000 of a platform's own counters or reports, likewise."""
    raise NotFound("the door answers this path")
