"""What one request looks at: a workspace, perhaps one channel, its days and their grades."""

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from mediaops_common.audience import ALL, load, load_each, seen_before, slices
from mediaops_common.audience.windows import in_order, trailing_counts
from mediaops_common.http import Caller, NotFound
from mediaops_common.projections import live_generation
from mediaops_common.watermarks import Grade, grade_of_day, shard_watermarks
from mediaops_common.zones import day_number, number_day
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.database import AUDIENCE
from mediaops_crm.registry import service as registry

if TYPE_CHECKING:
    from pyroaring import BitMap

__all__ = ["GROUP", "MAX_DAYS", "MONTH", "WEEK", "Counts", "View", "counts", "open_view"]

GROUP = "fast"
"""The consumer group that writes the bitmaps; its watermarks make the grades."""

WEEK, MONTH = 7, 28
"""Days in the windows of WAU and MAU: whole weeks, so that no window has one weekday more."""

MAX_DAYS = 25_000
"""The longest series: activities may be as old as the year 2000, and all that counts can be asked
for in one answer."""

SLICE = 92
"""Days counted at once, which bounds the memory of a long series."""


class Counts(NamedTuple):
    """How many distinct were active on a day, and in the week and month that end with it."""

    day: int
    dau: int
    wau: int
    mau: int


@dataclass(frozen=True)
class View:
    """The bitmaps of the caller's workspace, or of one of its channels."""

    workspace_id: UUID
    channel_id: UUID
    timezone: str
    today: int
    generation: int
    final_before: int
    """Days before this one are final, this one and later ones provisional."""

    def grade(self, day: int) -> Grade:
        return "final" if day < self.final_before else "provisional"

    async def days(self, session: AsyncSession, first: int, last: int) -> "dict[int, BitMap]":
        """Day → who was active."""
        return await load(
            session, AUDIENCE, self.generation, self.workspace_id, self.channel_id, first, last
        )

    def each(
        self, session: AsyncSession, first: int, last: int
    ) -> "AsyncIterator[dict[int, BitMap]]":
        """As `days`, in slices from old to new."""
        return load_each(
            session, AUDIENCE, self.generation, self.workspace_id, self.channel_id, first, last
        )

    async def seen_before(self, session: AsyncSession, day: int) -> "BitMap":
        """Everybody who was active earlier."""
        return await seen_before(
            session, AUDIENCE, self.generation, self.workspace_id, self.channel_id, day
        )

    async def slices(self, session: AsyncSession, first: int, last: int) -> list[tuple[int, int]]:
        """The first and last days of parts of the range, from the first day on which anybody was
        active: small enough to read each at once."""
        return await slices(
            session, AUDIENCE, self.generation, self.workspace_id, self.channel_id, first, last
        )


async def open_view(
    session: AsyncSession, caller: Caller, now: datetime, channel_id: UUID | None = None
) -> View:
    """What the caller may look at. Raises NotFound for a channel of another workspace, or none."""
    platforms = await registry.platforms(session, caller.workspace_id)
    if channel_id is not None:
        if channel_id not in platforms:
            raise NotFound(f"no channel {channel_id}")
        platforms = {channel_id: platforms[channel_id]}
    watermarks = await shard_watermarks(session, f"crm.{GROUP}")
    today = day_number(now, caller.timezone)
    return View(
        workspace_id=caller.workspace_id,
        channel_id=channel_id or ALL,
        timezone=caller.timezone,
        today=today,
        generation=await live_generation(session),
        final_before=_final_before(today, caller.timezone, platforms, watermarks),
    )


def _final_before(
    today: int, timezone: str, platforms: Mapping[UUID, str], watermarks: dict[int, datetime]
) -> int:
    """The first provisional day. Days become final in order, so it is found by halving: a series
    of years over hundreds of channels must not ask for every pair."""
    channels = list(platforms.items())

    def is_provisional(day: int) -> bool:
        return grade_of_day(number_day(day), timezone, channels, watermarks) == "provisional"

    return bisect_left(range(today + 2), True, key=is_provisional)


async def counts(
    session: AsyncSession,
    generation: int,
    workspace_id: UUID,
    channel_id: UUID,
    first: int,
    last: int,
) -> list[Counts]:
    """A row for every day, also for those on which nobody was active."""
    found: list[Counts] = []
    for start in range(first, last + 1, SLICE):
        end = min(start + SLICE - 1, last)
        begin = start - MONTH + 1
        maps = await load(session, AUDIENCE, generation, workspace_id, channel_id, begin, end)
        found += await asyncio.to_thread(_count, maps, start, end)
    return found


def _count(maps: "Mapping[int, BitMap]", first: int, last: int) -> list[Counts]:
    bitmaps = in_order(maps, first - MONTH + 1, last)
    dau = trailing_counts(bitmaps[MONTH - 1 :], 1)
    wau = trailing_counts(bitmaps[MONTH - WEEK :], WEEK)
    mau = trailing_counts(bitmaps, MONTH)
    return [Counts(*row) for row in zip(range(first, last + 1), dau, wau, mau, strict=True)]
