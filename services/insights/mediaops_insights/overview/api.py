"""`GET /insights/v1/overview`."""

from typing import Annotated

from fastapi import APIRouter
from mediaops_common.http import Caller, ClockDep, Reads, allow

from mediaops_insights.overview import service
from mediaops_insights.overview.schemas import OverviewRead

router = APIRouter(prefix="/insights/v1/overview", tags=["overview"])


@router.get("")
async def show_overview(
    caller: Annotated[Caller, allow("insights:read")], session: Reads, clock: ClockDep
) -> OverviewRead:
    """Today against yesterday, the audience, quality, freshness, and what needs attention."""
    return await service.overview(session, caller.workspace_id, caller.timezone, clock.now())
