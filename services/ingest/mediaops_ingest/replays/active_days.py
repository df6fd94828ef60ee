"""Which actors stay active on a day when one of their activities is taken back."""

import asyncio
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence, Set
from functools import partial
from typing import Any
from uuid import UUID

from mediaops_common.activity_types import activates
from mediaops_common.db import Database
from mediaops_common.events import (
    Activity,
    ActivityRecorded,
    ActivityRetracted,
    Event,
    decode,
)
from mediaops_common.zones import day_end, day_number, day_start, number_day

from mediaops_ingest.archive.chunks import unpack_chunk
from mediaops_ingest.archive.portions import portions_between
from mediaops_ingest.normaliser.reading import ACTIVITY
from mediaops_ingest.replays.comparison import ComparedDelivery, Turn

__all__ = ["ActorDay", "active_days", "actor_day"]

ActorDay = tuple[str, int]
"""(activity key, day number): where a bit of the audience may have to go."""


def actor_day(activity: Activity) -> ActorDay:
    return activity.key, day_number(activity.occurred_at, activity.timezone)


async def active_days(
    database: Database, compared: Sequence[ComparedDelivery], turn: Turn
) -> Counter[ActorDay]:
    """How many standing activities keep each actor active on a day that is touched."""
    touched: dict[tuple[UUID, UUID, str], set[ActorDay]] = {}
    for one in compared:
        for _, diff in one.diffs:
            for change in diff.changes:
                old = change.old
                if isinstance(old, Activity) and activates(old):
                    place = (old.workspace_id, old.channel_id, old.timezone)
                    touched.setdefault(place, set()).add(actor_day(old))
    active: Counter[ActorDay] = Counter()
    for (workspace_id, channel_id, zone), actor_days in touched.items():
        days = sorted({day for _, day in actor_days})
        first = day_start(number_day(days[0]), zone)
        last = day_end(number_day(days[-1]), zone)
        standing = _StandingDays(actor_days)
        async for chunks in portions_between(
            database, (workspace_id, channel_id), first, last, partial(_touches, days, zone)
        ):
            await asyncio.to_thread(standing.look_through, chunks)
            await turn()
        active += standing.counted()
    return active


def _touches(days: Sequence[int], zone: str, chunk: Any) -> bool:
    """Whether one of the days, which rise, lies in the chunk's time."""
    at = bisect_left(days, day_number(chunk.first_occurred, zone))
    return at < len(days) and days[at] <= day_number(chunk.last_occurred, zone)


class _StandingDays:
    """What stands of a few actors on a few days, found by the keys of the archive's records: the
    others, which are nearly all, are not decoded."""

    def __init__(self, actor_days: Set[ActorDay]) -> None:
        self._actor_days = actor_days
        self._keys = {key.encode() for key, _ in actor_days}
        self._newest: dict[UUID, tuple[int, ActorDay | None]] = {}
        """Activity → the number of its newest record, and the day on which it counts by that. All
        records of an actor are in one lane, so the highest number has the last word."""

    def look_through(self, chunks: Sequence[Any]) -> None:
        for chunk in chunks:
            for topic, _, number, key, value in unpack_chunk(chunk.records):
                if topic == ACTIVITY and key in self._keys:
                    self._note(number, decode(value)[1])

    def _note(self, number: int, event: Event | None) -> None:
        if not isinstance(event, ActivityRecorded | ActivityRetracted):
            return
        activity = event.activity
        if number >= self._newest.get(activity.id, (0, None))[0]:
            is_standing = isinstance(event, ActivityRecorded) and activates(activity)
            day = actor_day(activity) if is_standing else None
            self._newest[activity.id] = number, day if day in self._actor_days else None

    def counted(self) -> Counter[ActorDay]:
        return Counter(day for _, day in self._newest.values() if day is not None)
