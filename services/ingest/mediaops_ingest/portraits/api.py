"""`/ingest/v1/channels/{id}/audience`."""

from datetime import date
from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from mediaops_common import audit_trail
from mediaops_common.http import (
    Caller,
    ClockDep,
    Invalid,
    Page,
    PageQuery,
    Reads,
    Tx,
    allow,
    page_of,
    parse_day,
)
from mediaops_common.zones import number_day, number_of

from mediaops_ingest.channels import service as channels
from mediaops_ingest.channels.service import Channel
from mediaops_ingest.portraits import service
from mediaops_ingest.portraits.schemas import Comparison, PortraitIn, PortraitRead

__all__ = ["router"]

router = APIRouter(prefix="/ingest/v1/channels/{channel_id}/audience", tags=["audience"])

Reader = Annotated[Caller, allow("ingest:read")]
Writer = Annotated[Caller, allow("ingest:write")]

FIRST, LAST = "1970-01-02", "2999-12-31"


class Addressed(NamedTuple):
    caller: Caller
    channel: Channel


async def _addressed(channel_id: UUID, tx: Tx, caller: Writer) -> Addressed:
    """Found before the body is looked at: of another's channel nothing is said, not even that."""
    return Addressed(caller, await channels.find(tx, caller.workspace_id, channel_id))


@router.post("", status_code=201, response_model=PortraitRead)
async def record_audience(
    addressed: Annotated[Addressed, Depends(_addressed)],
    body: PortraitIn,
    tx: Tx,
    clock: ClockDep,
) -> PortraitRead:
    """Keeps what a platform says of the audience on a day; one more for the same day is a
    correction, and the one before is kept as well."""
    caller, channel = addressed
    portrait = await service.record(
        tx, caller.workspace_id, channel.id, body, by=caller.subject, now=clock.now()
    )
    await audit_trail.record(
        tx,
        caller,
        clock,
        action="record",
        object_type="portrait",
        object_id=portrait.id,
        detail={"day": body.day.isoformat(), "revision": portrait.revision},
    )
    return await service.shown(tx, portrait)


@router.get("", response_model=Page[PortraitRead])
async def list_audiences(
    channel_id: UUID,
    page: PageQuery,
    reads: Reads,
    caller: Reader,
    from_: Annotated[str, Query(alias="from")] = FIRST,
    to: str = LAST,
) -> Page[PortraitRead]:
    """The portraits of a channel, newest day first, each with how far the audience moved."""
    channel = await channels.find(reads, caller.workspace_id, channel_id)
    rows = await service.page(
        reads,
        caller.workspace_id,
        channel.id,
        days=(parse_day(from_, "from"), parse_day(to, "to")),
        after=_place(page),
        limit=page.limit + 1,
    )
    kept, after = page_of(rows, page, lambda one: [number_of(one.day), one.revision])
    return Page(items=[await service.shown(reads, one) for one in kept], next=after)


def _place(page: PageQuery) -> tuple[date, int] | None:
    """The day and the revision that a page ended with."""
    place = page.after_numbers(2)
    if place is None:
        return None
    try:
        return number_day(place[0]), place[1]
    except (ValueError, OverflowError):
        raise Invalid("after", "is not a place that a page gave") from None


@router.get("/compare", response_model=Comparison)
async def compare_audiences(
    channel_id: UUID,
    reads: Reads,
    caller: Reader,
    day: str | None = None,
    with_day: str | None = None,
    with_channel_id: UUID | None = None,
) -> Comparison:
    """Two portraits side by side: of two days, or of two channels. Without a day, the newest."""
    channel = await channels.find(reads, caller.workspace_id, channel_id)
    other = channel
    if with_channel_id is not None:
        other = await channels.find(reads, caller.workspace_id, with_channel_id)
    return await service.compare(
        reads,
        caller.workspace_id,
        (channel.id, None if day is None else parse_day(day, "day")),
        (other.id, None if with_day is None else parse_day(with_day, "with_day")),
    )
