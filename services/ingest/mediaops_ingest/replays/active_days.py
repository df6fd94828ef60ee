"""Which actors stay active on a day when one of their activities is taken back."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from mediaops_common.activity_types import activates
from mediaops_common.db import Database
from mediaops_common.events import Activity
from mediaops_common.zones import day_end, day_number, day_start, number_day

from mediaops_ingest.archive import repository as archive
from mediaops_ingest.archive.standing import decoded, fold
from mediaops_ingest.replays.comparison import ComparedDelivery

__all__ = ["ActorDay", "active_days", "actor_day"]

ActorDay = tuple[str, int]
"""(activity key, day number): where a bit of the audience may have to go."""


def actor_day(activity: Activity) -> ActorDay:
    return activity.key, day_number(activity.occurred_at, activity.timezone)


async def active_days(
    database: Database, compared: Sequence[ComparedDelivery]
) -> Counter[ActorDay]:
    """How many standing activities keep each actor active on the days that are touched."""
    touched: dict[tuple[UUID, UUID, str], set[int]] = {}
    for one in compared:
        for _, diff in one.diffs:
            for change in diff.changes:
                old = change.old
                if isinstance(old, Activity) and activates(old):
                    place = (old.workspace_id, old.channel_id, old.timezone)
                    touched.setdefault(place, set()).add(actor_day(old)[1])
    active: Counter[ActorDay] = Counter()
    for (workspace_id, channel_id, zone), days in touched.items():
        first = day_start(number_day(min(days)), zone)
        last = day_end(number_day(max(days)), zone)
        async with database.read() as session:
            chunks = await archive.overlapping(session, workspace_id, channel_id, first, last)
        active += await asyncio.to_thread(_counted, chunks)
    return active


def _counted(chunks: Sequence[object]) -> Counter[ActorDay]:
    return Counter(
        actor_day(event)
        for event in fold(decoded(chunks)).values()
        if isinstance(event, Activity) and activates(event)
    )
