"""Computes the audience of days that were touched, and tells of those that changed."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from mediaops_common import outbox
from mediaops_common.audience import ALL
from mediaops_common.events import DayComputed
from mediaops_common.zones import number_day
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.actors import service as actors
from mediaops_crm.audience import service as audience
from mediaops_crm.days import repository

__all__ = [
    "DayCounts",
    "Touched",
    "affected",
    "compute",
    "computed_days",
    "forget",
    "tell",
    "touch",
    "touched",
]

computed_days = repository.computed_days


class Touched(NamedTuple):
    workspace_id: UUID
    day: int
    touches: int


class DayCounts(NamedTuple):
    day: int
    dau: int
    wau: int
    mau: int
    new: int


async def touch(session: AsyncSession, workspace_id: UUID, days: Iterable[int]) -> None:
    """Notes that the numbers of these days may have changed. A transaction calls it once for a
    workspace: days are locked from old to new, and a second call would begin anew."""
    await repository.touch(session, workspace_id, days)


async def touched(session: AsyncSession, limit: int) -> list[Touched]:
    """Days that wait to be computed, the newest first."""
    return [Touched(*row) for row in await repository.touched(session, limit)]


async def affected(
    session: AsyncSession, workspace_id: UUID, days: Iterable[int], today: int
) -> list[int]:
    """The days whose numbers these days go into: a month's window reaches 27 days on, as far as
    anything was told. An activity may lie ahead of the clock, and tomorrow be told today."""
    last = max(today, await repository.last_computed(session, workspace_id) or today)
    reached: set[int] = set()
    for day in days:
        reached.update(range(day, max(day, min(day + audience.MONTH - 1, last)) + 1))
    return sorted(reached)


async def compute(
    session: AsyncSession, generation: int, workspace_id: UUID, days: Sequence[int]
) -> list[DayCounts]:
    """The numbers of these days, as the read models have them now."""
    found = []
    for first, last in _runs(days):
        new = await actors.new_by_day(session, generation, workspace_id, first, last)
        counts = await audience.counts(session, generation, workspace_id, ALL, first, last)
        found += [
            DayCounts(row.day, row.dau, row.wau, row.mau, new.get(row.day, 0)) for row in counts
        ]
    return found


async def tell(session: AsyncSession, workspace_id: UUID, days: Sequence[DayCounts]) -> None:
    """An event for each day whose numbers are not those that were told last."""
    if not days:
        return
    known = await repository.computed(session, workspace_id, days[0].day, days[-1].day)
    rows, events = [], []
    for counts in days:
        told = known.get(counts.day)
        if told is not None and tuple(told)[1:6] == tuple(counts):
            continue
        version = 1 if told is None else told.version + 1
        rows.append({"workspace_id": workspace_id, **counts._asdict(), "version": version})
        numbers = {**counts._asdict(), "day": number_day(counts.day)}
        events.append(DayComputed(workspace_id=workspace_id, version=version, **numbers))
    await repository.replace(session, rows)
    for event in events:
        await outbox.add(session, event, workspace_id=workspace_id)


async def forget(session: AsyncSession, workspace_id: UUID, seen: Sequence[Touched]) -> None:
    """These days are done, unless they were touched again meanwhile."""
    await repository.forget(session, workspace_id, [(one.day, one.touches) for one in seen])


def _runs(days: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of consecutive days."""
    first = previous = None
    for day in days:
        if first is None or previous is None:
            first = day
        elif day != previous + 1:
            yield first, previous
            first = day
        previous = day
    if first is not None and previous is not None:
        yield first, previous
