"""`/ingest/v1/quality`."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from mediaops_common.http import Caller, ClockDep, Reads, RuntimeDep, allow, parse_days
from mediaops_common.zones import day_of
from starlette.responses import Response

from mediaops_ingest.quality import service
from mediaops_ingest.quality.schemas import QualityList
from mediaops_ingest.sources import visibility

__all__ = ["router"]

router = APIRouter(prefix="/ingest/v1/quality", tags=["quality"])


@router.get("", response_class=Response, responses={200: {"model": QualityList}})
async def list_quality(
    caller: Annotated[Caller, allow("ingest:read", partners=True)],
    session: Reads,
    clock: ClockDep,
    runtime: RuntimeDep,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
) -> Response:
    """Items by source and local day of receipt, a row for every day. What was refused at the door,
    because its proof failed or a limit was reached, was not received: only metrics tell of it.
    """
    now = clock.now()
    days = parse_days(from_, to, caller.timezone, today=day_of(now, caller.timezone))
    items = await service.by_day(
        session,
        runtime.state["delivery_log"],
        caller.workspace_id,
        caller.timezone,
        days,
        visibility.visible_sources(caller),
        now,
    )
    body = await asyncio.to_thread(QualityList(items=items).model_dump_json)
    return Response(body, media_type="application/json")
