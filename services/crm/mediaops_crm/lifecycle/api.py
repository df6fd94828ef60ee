"""`/crm/v1/lifecycle`: how many profiles are in each state."""

from typing import Annotated

from fastapi import APIRouter
from mediaops_common.http import Caller, ClockDep, Reads, allow
from mediaops_common.zones import number_day

from mediaops_crm.audience import service as audience
from mediaops_crm.lifecycle import service
from mediaops_crm.lifecycle.schemas import LifecycleCount, LifecycleRead

router = APIRouter(prefix="/crm/v1/lifecycle", tags=["lifecycle"])


@router.get("")
async def count_lifecycle(
    caller: Annotated[Caller, allow("crm:read")], reads: Reads, clock: ClockDep
) -> LifecycleRead:
    view = await audience.open_view(reads, caller, clock.now())
    counts = await service.count(reads, view.generation, view.workspace_id, view.today)
    items = [LifecycleCount(state=state, profiles=count) for state, count in counts.items()]
    return LifecycleRead(day=number_day(view.today), items=items)
