"""Lifecycle states as a function of days, and the events that tell of their changes."""

from collections.abc import Mapping
from uuid import UUID

from mediaops_common.events import LifecycleChanged
from mediaops_common.projections import live_generation
from mediaops_common.zones import number_day
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.actors import service as actors
from mediaops_crm.actors.service import Bounds
from mediaops_crm.lifecycle import repository
from mediaops_crm.lifecycle.models import LifecycleState

__all__ = [
    "NEW_DAYS",
    "LifecycleState",
    "announce",
    "bounds",
    "count",
    "days_reached",
    "move_some",
    "reach_day",
    "state_at",
]

NEW_DAYS = 7
"""`new` and `resurrected` hold so long."""
ACTIVE_DAYS, AT_RISK_DAYS, DORMANT_DAYS = 7, 14, 30
"""The most days since the last active one."""

RETRACTED = "retracted"
"""What listeners are told of somebody whose every activity was taken back."""


def bounds(day: int) -> dict[str, Bounds]:
    """What each state means on that day. Every set of days fits exactly one."""
    young = day - NEW_DAYS + 1
    settled: Bounds = {"first_day": (None, young - 1), "returned_day": (None, young - 1)}
    return {
        LifecycleState.new.value: {"first_day": (young, None)},
        LifecycleState.resurrected.value: {
            "first_day": (None, young - 1),
            "returned_day": (young, None),
        },
        LifecycleState.active.value: {**settled, "last_day": (day - ACTIVE_DAYS, None)},
        LifecycleState.at_risk.value: {
            **settled,
            "last_day": (day - AT_RISK_DAYS, day - ACTIVE_DAYS - 1),
        },
        LifecycleState.dormant.value: {
            **settled,
            "last_day": (day - DORMANT_DAYS, day - AT_RISK_DAYS - 1),
        },
        LifecycleState.churned.value: {**settled, "last_day": (None, day - DORMANT_DAYS - 1)},
    }


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


async def count(
    session: AsyncSession, generation: int, workspace_id: UUID, day: int
) -> dict[LifecycleState, int]:
    """State → profiles in it on that day, for every state."""
    found = await actors.count_by(session, generation, workspace_id, bounds(day))
    return {state: found.get(state, 0) for state in LifecycleState}


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


async def days_reached(session: AsyncSession) -> dict[UUID, tuple[int, int]]:
    """Workspace → (day, generation) up to which the clock has moved it."""
    return await repository.days_reached(session)


async def reach_day(session: AsyncSession, workspace_id: UUID, day: int, generation: int) -> None:
    """Remembers that the clock has moved the workspace up to that day."""
    await repository.reach_day(session, workspace_id, day, generation)


async def move_some(
    session: AsyncSession, generation: int, workspace_id: UUID, ordinals: list[int], day: int
) -> bool:
    """Tells of these actors' states as of that day; False when another generation is live now."""
    if await live_generation(session) != generation:
        return False
    recencies = await actors.recencies(session, generation, workspace_id, ordinals)
    profiles = await actors.profile_ids(session, generation, workspace_id, ordinals)
    states = {profiles[o]: state_of(recency, day) for o, recency in recencies.items()}
    await announce(session, workspace_id, states, day)
    return True
