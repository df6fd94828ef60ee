"""Leases over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from mediaops_common.http import Caller, Page, Reads, allow

from mediaops_ingest.hub_leases import service
from mediaops_ingest.hub_leases.schemas import HubLeaseRead
from mediaops_ingest.sources import visibility

router = APIRouter(prefix="/ingest/v1/sources", tags=["sources"])


@router.get("/{source_id}/leases", response_model=Page[HubLeaseRead])
async def list_leases(
    source_id: UUID, reads: Reads, caller: Annotated[Caller, allow("ingest:read", partners=True)]
) -> Page[HubLeaseRead]:
    """The topics that a WebSub hub sends to this source, and until when."""
    source = await visibility.find_visible(reads, caller, source_id)
    rows = await service.of_source(reads, source.id)
    return Page(items=[HubLeaseRead.model_validate(row) for row in rows])
