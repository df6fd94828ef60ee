"""Adapters over HTTP."""

from typing import Annotated

from fastapi import APIRouter
from mediaops_common.http import Caller, Page, allow

from mediaops_ingest.adapters import service
from mediaops_ingest.adapters.schemas import AdapterRead

router = APIRouter(prefix="/ingest/v1/adapters", tags=["adapters"])


@router.get("", response_model=Page[AdapterRead])
async def list_adapters(
    caller: Annotated[Caller, allow("ingest:read")],
) -> Page[AdapterRead]:
    """The wire schemes there are, what each needs and what it can tell."""
    return Page(items=service.catalogue())
