"""What can be done with portraits: keep them, and say how an audience moves."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

from mediaops_common import outbox
from mediaops_common.events import AudienceRecorded, PortraitLine
from mediaops_common.http import Conflict, Invalid, NotFound
from mediaops_common.ids import new_id
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.platforms.times import is_plausible_day
from mediaops_ingest.portraits import repository
from mediaops_ingest.portraits.models import Portrait
from mediaops_ingest.portraits.schemas import (
    Comparison,
    DimensionDrift,
    Line,
    LineIn,
    PortraitIn,
    PortraitRead,
    Shift,
)

__all__ = ["Portrait", "compare", "drift", "page", "record", "shown"]

page = repository.page

Shares = dict[str, float]
"""Item → share, of one dimension."""


class RecordedMeanwhile(Conflict):
    """Somebody else gave a portrait of the same day at the same moment."""

    title, type = "Another portrait of this day came first", "recorded-meanwhile"


async def record(
    session: AsyncSession,
    workspace_id: UUID,
    channel_id: UUID,
    given: PortraitIn,
    *,
    by: str,
    now: datetime,
) -> Portrait:
    """Keeps it beside what was known of that day. Raises RecordedMeanwhile, Invalid for a day that
    nobody can know of."""
    if not is_plausible_day(given.day, now):
        raise Invalid("day", "must lie between 2000-01-01 and tomorrow")
    known = await repository.revision_of(session, workspace_id, channel_id, given.day)
    portrait = Portrait(
        id=new_id(),
        workspace_id=workspace_id,
        channel_id=channel_id,
        day=given.day,
        revision=known + 1,
        note=given.note,
        lines=[[one.dimension, one.item, one.share, _tgi(one)] for one in given.lines],
        created_at=now,
        created_by=by,
    )
    try:
        async with session.begin_nested():
            session.add(portrait)
    except IntegrityError:
        raise RecordedMeanwhile(f"of {given.day}") from None
    told = AudienceRecorded(
        workspace_id=workspace_id,
        channel_id=channel_id,
        portrait_id=portrait.id,
        day=given.day,
        revision=portrait.revision,
        lines=[PortraitLine(**line.model_dump()) for line in lines_of(portrait)],
    )
    await outbox.add(session, told, workspace_id=workspace_id)
    return portrait


def _tgi(line: LineIn) -> float | None:
    if line.tgi is not None or line.base_share is None:
        return line.tgi
    return round(100 * line.share / line.base_share, 4)


def lines_of(portrait: Portrait) -> list[Line]:
    return [
        Line(dimension=dimension, item=item, share=share, tgi=tgi)
        for dimension, item, share, tgi in portrait.lines
    ]


async def shown(session: AsyncSession, portrait: Portrait) -> PortraitRead:
    """With its drift since the newest portrait of an earlier day."""
    before = await repository.newest(
        session, portrait.workspace_id, portrait.channel_id, before=portrait.day
    )
    moved = None if before is None else drifts(by_dimension(before), by_dimension(portrait))
    return PortraitRead(
        **portrait.model_dump(exclude={"workspace_id", "lines"}),
        lines=lines_of(portrait),
        drift=moved,
    )


async def compare(
    session: AsyncSession,
    workspace_id: UUID,
    one: tuple[UUID, date | None],
    other: tuple[UUID, date | None],
) -> Comparison:
    """The newest portraits of two channels or days. Raises NotFound where one has none."""
    first = await _of(session, workspace_id, *one)
    second = await _of(session, workspace_id, *other)
    ours, theirs = by_dimension(first), by_dimension(second)
    return Comparison(
        portrait_id=first.id,
        with_portrait_id=second.id,
        dimensions=[
            DimensionDrift(
                dimension=dimension,
                drift=drift(ours[dimension], theirs[dimension]),
                shifts=_shifts(ours[dimension], theirs[dimension]),
            )
            for dimension in ours
            if dimension in theirs
        ],
    )


async def _of(
    session: AsyncSession, workspace_id: UUID, channel_id: UUID, day: date | None
) -> Portrait:
    found = await repository.newest(session, workspace_id, channel_id, on=day)
    if found is None:
        raise NotFound(f"no portrait of channel {channel_id}" + (f" on {day}" if day else ""))
    return found


def by_dimension(portrait: Portrait) -> dict[str, Shares]:
    found: dict[str, Shares] = {}
    for dimension, item, share, _ in portrait.lines:
        found.setdefault(dimension, {})[item] = share
    return found


def drifts(before: Mapping[str, Shares], after: Mapping[str, Shares]) -> dict[str, float]:
    """Of the dimensions that both have."""
    return {name: drift(before[name], after[name]) for name in after if name in before}


def drift(before: Shares, after: Shares) -> float:
    """Half the sum of the differences of the shares, as they were given. Where they are parts of a
    whole it is between 0 and 1; of interests, of which a person has several, it may be higher."""
    items = {*before, *after}
    return round(sum(abs(after.get(item, 0.0) - before.get(item, 0.0)) for item in items) / 2, 6)


def _shifts(ours: Shares, theirs: Shares) -> list[Shift]:
    items: Iterable[str] = dict.fromkeys([*ours, *theirs])
    found = [
        Shift(item=item, share=ours.get(item, 0.0), with_share=theirs.get(item, 0.0))
        for item in items
    ]
    return sorted(found, key=lambda one: (-abs(one.share - one.with_share), one.item))
