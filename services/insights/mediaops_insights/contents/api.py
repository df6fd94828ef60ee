"""`GET /insights/v1/contents/performance`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from mediaops_common.http import (
    Caller,
    NotFound,
    Page,
    PageQuery,
    Reads,
    allow,
    encode_cursor,
)
from mediaops_common.lengths import LONGEST_FILTER

from mediaops_insights.contents import service
from mediaops_insights.contents.schemas import PerformanceRead
from mediaops_insights.registry import service as registry

router = APIRouter(prefix="/insights/v1/contents", tags=["contents"])


@router.get("/performance")
async def show_contents_performance(
    caller: Annotated[Caller, allow("insights:read")],
    session: Reads,
    page: PageQuery,
    channel_id: UUID | None = None,
    content: Annotated[
        str | None, Query(max_length=LONGEST_FILTER, description="An external content id.")
    ] = None,
) -> Page[PerformanceRead]:
    """External contents, those met last first: activities, reports and values at equal age.

    What was counted before a publication was registered belongs to it all the same. A page may hold
    fewer than `limit` and still have a `next`.
    """
    known = {row.channel_id for row in await registry.channels(session, caller.workspace_id)}
    if channel_id is not None and channel_id not in known:
        raise NotFound(f"no channel {channel_id}")
    found = await service.performance(
        session,
        caller.workspace_id,
        channel_ids=None if channel_id is None else {channel_id},
        external_id=content,
        below=page.after_number(),
        limit=page.limit + 1,
    )
    kept = found[: page.limit]
    following = encode_cursor(kept[-1][0]) if len(found) > page.limit else None
    return Page(items=[item for _place, item in kept if item is not None], next=following)
