"""Marks who was active and counts distinct actors; remembers what crm says of people."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from mediaops_common.activity_types import activates
from mediaops_common.audience import (
    ALL,
    actor_key,
    append,
    clear_bits,
    compact,
    load,
    number_actors,
)
from mediaops_common.db import Database
from mediaops_common.events import (
    ActivityRecorded,
    ActivityRetracted,
    DayComputed,
    Event,
)
from mediaops_common.failpoints import hit
from mediaops_common.projections import live_generation
from mediaops_common.zones import day_number, number_of
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.audience import repository
from mediaops_insights.audience.models import AudienceDay
from mediaops_insights.database import AUDIENCE

if TYPE_CHECKING:
    from pyroaring import BitMap

__all__ = [
    "Acts",
    "AudienceDay",
    "acts_of",
    "count_actors",
    "days",
    "fold_deltas",
    "learn_day",
    "mark",
]

days = repository.days

FOLDED_AT_ONCE = 200

QUARTER = 900
"""Seconds within which no zone changes its offset: a day is looked up once for each."""

Acts = dict[UUID, dict[tuple[UUID, int], dict[bytes, bool]]]
"""Workspace → (channel, day) → actor → whether the last word is that they were active."""


def acts_of(events: Sequence[Event]) -> Acts:
    """Who became active where and when in this batch, or was not so after all.

    The last word of the batch on an actor's day counts: a retraction that leaves nothing else
    standing, or an act that comes after it.
    """
    acts: Acts = {}
    days: dict[tuple[str, int], int] = {}
    for event in events:
        if isinstance(event, ActivityRecorded):
            activity, is_active = event.activity, True
        elif isinstance(event, ActivityRetracted):
            if event.remaining_active:
                continue
            activity, is_active = event.activity, False
        else:
            continue
        actor = activity.actor
        if actor is None or not activates(activity):
            continue
        quarter = (activity.timezone, int(activity.occurred_at.timestamp() // QUARTER))
        day = days.get(quarter)
        if day is None:
            day = days[quarter] = day_number(activity.occurred_at, activity.timezone)
        cells = acts.get(activity.workspace_id) or acts.setdefault(activity.workspace_id, {})
        place = (activity.channel_id, day)
        actors = cells.get(place)
        if actors is None:
            actors = cells[place] = {}
        actors[actor_key(activity.platform, actor.id_scope, actor.external_id)] = is_active
    return acts


async def mark(session: AsyncSession, acts: Acts, generation: int) -> None:
    """Sets the bits of who was active, and clears those of who was not after all."""
    for workspace_id, cells in sorted(acts.items()):
        keys = dict.fromkeys(key for actors in cells.values() for key in actors)
        ordinals = await number_actors(session, AUDIENCE, generation, workspace_id, keys)
        active = _chosen(workspace_id, cells, ordinals, True)
        gone = _chosen(workspace_id, cells, ordinals, False)
        await append(session, AUDIENCE, generation, active)
        if gone:
            await clear_bits(session, AUDIENCE, generation, gone)


def _chosen(
    workspace_id: UUID,
    cells: Mapping[tuple[UUID, int], Mapping[bytes, bool]],
    ordinals: Mapping[bytes, int],
    wanted: bool,
) -> dict[tuple[UUID, UUID, int], list[int]]:
    found = {}
    for (channel_id, day), actors in cells.items():
        chosen = [ordinals[key] for key, is_active in actors.items() if is_active is wanted]
        if chosen:
            found[workspace_id, channel_id, day] = chosen
    return found


async def fold_deltas(database: Database) -> None:
    """Folds crowded bitmaps, a few hundred in one transaction."""
    while True:
        async with database.write() as session:
            folded = await compact(session, AUDIENCE, FOLDED_AT_ONCE)
            if folded:
                hit("insights.compaction.in_transaction")
        if folded < FOLDED_AT_ONCE:
            return


async def count_actors(
    session: AsyncSession,
    workspace_id: UUID,
    channels: Collection[UUID] | None,
    spans: Sequence[tuple[int, int]],
) -> list[int]:
    """For each span of days: how many distinct actors were active, on whatever of the channels.

    None means the whole workspace, which reads one bitmap a day however many channels there are.
    """
    if not spans:
        return []
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    generation = await live_generation(session)
    listed: list[dict[int, BitMap]] = []
    for channel_id in [ALL] if channels is None else sorted(channels):
        listed.append(
            await load(session, AUDIENCE, generation, workspace_id, channel_id, first, last)
        )
    return await asyncio.to_thread(_distinct, listed, spans)


def _distinct(listed: "list[dict[int, BitMap]]", spans: Sequence[tuple[int, int]]) -> list[int]:
    from pyroaring import BitMap

    counts = []
    for first, last in spans:
        bitmaps = [days[day] for days in listed for day in range(first, last + 1) if day in days]
        counts.append(len(BitMap.union(*bitmaps)) if bitmaps else 0)
    return counts


async def learn_day(session: AsyncSession, event: DayComputed) -> None:
    """Keeps what crm says of a day, unless something newer is known already."""
    known = await repository.day_version(session, event.workspace_id, number_of(event.day))
    if known is None or known < event.version:
        await repository.replace_day(session, event)
