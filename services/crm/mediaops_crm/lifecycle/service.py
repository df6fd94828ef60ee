"""Lifecycle states as a function of days, and the events that tell of their changes."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from mediaops_common.audience import ALL, load
from mediaops_common.events import LifecycleChanged
from mediaops_common.positions import hold_groups
from mediaops_common.projections import live_generation
from mediaops_common.zones import number_day
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.actors import service as actors
from mediaops_crm.database import AUDIENCE
from mediaops_crm.lifecycle import repository
from mediaops_crm.lifecycle.models import LifecycleState

if TYPE_CHECKING:
    from pyroaring import BitMap

__all__ = [
    "LifecycleState",
    "Standing",
    "announce",
    "count",
    "days_reached",
    "move_some",
    "reach_day",
    "standing",
    "state_at",
    "state_of",
]

days_reached = repository.days_reached

NEW_DAYS = 7
"""`new` and `resurrected` hold so long."""
ACTIVE_DAYS, AT_RISK_DAYS, DORMANT_DAYS = 7, 14, 30
"""The most days since the last active one."""
AHEAD_DAYS = 400
"""Activities may lie ahead of the clock, by a day; by more where a test set the clock back."""

RETRACTED = "retracted"
"""What listeners are told of somebody whose every activity was taken back."""


def state_at(day: int, first: int, last: int, returned: int | None) -> LifecycleState:
    """The state on that day of who was active first, last, and again after a long gap then."""
    if day - first < NEW_DAYS:
        return LifecycleState.new
    if returned is not None and day - returned < NEW_DAYS:
        return LifecycleState.resurrected
    idle = day - last
    if idle <= ACTIVE_DAYS:
        return LifecycleState.active
    if idle <= AT_RISK_DAYS:
        return LifecycleState.at_risk
    return LifecycleState.dormant if idle <= DORMANT_DAYS else LifecycleState.churned


def state_of(recency: actors.Recency | None, day: int) -> LifecycleState | None:
    """The state on that day; None of somebody who was never active."""
    if recency is None:
        return None
    return state_at(day, recency.first, recency.last, recency.returned)


class Standing(NamedTuple):
    """Who is in which state on one day, as bitmaps of ordinals."""

    members: "dict[LifecycleState, BitMap]"
    """`churned` also holds those whose every activity was retracted: bitmaps cannot tell."""
    everybody: int

    def moved(self, later: "Standing") -> "BitMap":
        """Whose state on the later day is another."""
        changes = [bits ^ later.members[state] for state, bits in self.members.items()]
        return type(changes[0])().union(*changes)


async def standing(
    session: AsyncSession, generation: int, workspace_id: UUID, day: int
) -> Standing:
    """The states of everybody as of that day, from the bitmaps of the weeks before it."""
    new = await actors.new_since(session, generation, workspace_id, day - NEW_DAYS + 1)
    first, last = day - NEW_DAYS + 1 - DORMANT_DAYS, day + AHEAD_DAYS
    maps = await load(session, AUDIENCE, generation, workspace_id, ALL, first, last)
    everybody = await actors.last_ordinal(session, generation, workspace_id) + 1
    members = await asyncio.to_thread(_members, maps, new, everybody, day)
    return Standing(members, everybody)


def _members(
    maps: "Mapping[int, BitMap]", new: list[int], everybody: int, day: int
) -> "dict[LifecycleState, BitMap]":
    from pyroaring import BitMap

    def since(first: int, last: int = day + AHEAD_DAYS) -> BitMap:
        return BitMap().union(*(bits for at, bits in maps.items() if first <= at <= last))

    young = day - NEW_DAYS + 1
    novices = BitMap(new)
    # Active then, and on none of the 30 days before.
    returned = [maps[at] - since(at - DORMANT_DAYS, at - 1) for at in maps if at >= young]
    resurrected = BitMap().union(*returned) - novices
    week, fortnight = since(day - ACTIVE_DAYS), since(day - AT_RISK_DAYS)
    month = since(day - DORMANT_DAYS)
    return {
        LifecycleState.new: novices,
        LifecycleState.resurrected: resurrected,
        LifecycleState.active: week - novices - resurrected,
        LifecycleState.at_risk: fortnight - week,
        LifecycleState.dormant: month - fortnight,
        LifecycleState.churned: BitMap(range(everybody)) - month,
    }


async def count(
    session: AsyncSession, generation: int, workspace_id: UUID, day: int
) -> dict[LifecycleState, int]:
    """State → profiles in it on that day, for every state."""
    stand = await standing(session, generation, workspace_id, day)
    counts = {state: len(stand.members[state]) for state in LifecycleState}
    never = stand.everybody - await actors.count(session, generation, workspace_id)
    counts[LifecycleState.churned] -= never
    return counts


async def announce(
    session: AsyncSession,
    workspace_id: UUID,
    states: Mapping[UUID, LifecycleState | None],
    day: int,
    activities: Mapping[UUID, UUID] | None = None,
) -> None:
    """Tells of each profile whose state is not the one that was told last.

    `activities` names the activity that moved each; without it the clock did.
    """
    if not states:
        return
    told = await repository.told(session, workspace_id, states.keys())
    events = []
    for profile_id, state in states.items():
        before, version = told.get(profile_id, (None, 0))
        now = RETRACTED if state is None else str(state)
        if now == before or (state is None and before is None):
            continue
        events.append(
            LifecycleChanged(
                workspace_id=workspace_id,
                profile_id=profile_id,
                from_state=before,
                to_state=now,
                day=number_day(day),
                cause="clock" if activities is None else "activity",
                activity_id=None if activities is None else activities[profile_id],
                version=version + 1,
            )
        )
    if events:
        await repository.tell(session, workspace_id, events)


async def reach_day(session: AsyncSession, workspace_id: UUID, day: int, generation: int) -> None:
    """Remembers that the clock has moved the workspace up to that day."""
    await repository.reach_day(session, workspace_id, day, generation)


async def move_some(
    session: AsyncSession, generation: int, workspace_id: UUID, ordinals: Iterable[int], day: int
) -> bool:
    """Tells of these actors' states as of that day; False when another generation is live now."""
    # A batch that moves the same people ends first, or waits until this is told.
    await hold_groups(session, "crm.fast")
    if await live_generation(session) != generation:
        return False
    ordinals = list(ordinals)
    recencies = await actors.recencies(session, generation, workspace_id, ordinals)
    profiles = await actors.profile_ids(session, generation, workspace_id, ordinals)
    states = {profiles[o]: state_of(recency, day) for o, recency in recencies.items()}
    await announce(session, workspace_id, states, day)
    return True
