"""Profiles: found by identity, listed by lifecycle, and one with its days."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from mediaops_common.http import Invalid, NotFound
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.actors import service as actors
from mediaops_crm.actors.service import Person, Recency
from mediaops_crm.audience.service import MONTH, WEEK, View
from mediaops_crm.lifecycle import service as lifecycle
from mediaops_crm.lifecycle.service import LifecycleState

__all__ = ["Profile", "find", "page", "parse_identity"]


class Profile(NamedTuple):
    id: UUID
    people: list[Person]
    recency: Recency
    lifecycle: LifecycleState
    week: int
    month: int


def parse_identity(identity: str) -> tuple[str, str]:
    """`PLATFORM:EXTERNAL_ID`; the id may hold colons itself. Raises Invalid."""
    platform, colon, external_id = identity.partition(":")
    if not (colon and platform and external_id):
        raise Invalid("identity", "has the form PLATFORM:EXTERNAL_ID")
    return platform, external_id


async def page(
    session: AsyncSession,
    view: View,
    *,
    identity: tuple[str, str] | None,
    state: LifecycleState | None,
    after: UUID | None,
    limit: int,
) -> list[Profile]:
    """Profiles in the order of their ids. The state is that of now, whether or not anybody was
    told of it."""
    people = await actors.page(
        session,
        view.generation,
        view.workspace_id,
        identity=identity,
        bounds=None if state is None else lifecycle.bounds(view.today)[state.value],
        after=after,
        limit=limit,
    )
    return [_profile([person], view.today) for person in people]


async def find(session: AsyncSession, view: View, profile_id: UUID) -> Profile:
    """Raises NotFound, also for a profile of another workspace."""
    people = await actors.by_profile(session, view.generation, view.workspace_id, profile_id)
    if not people:
        raise NotFound(f"no profile {profile_id}")
    return _profile(people, view.today)


def _profile(people: Sequence[Person], today: int) -> Profile:
    (person,) = people  # one actor a profile
    recency = person.recency
    return Profile(
        id=person.profile_id,
        people=[person],
        recency=recency,
        lifecycle=lifecycle.state_at(today, recency.first, recency.last, person.returned),
        week=recency.active_days(today, WEEK),
        month=recency.active_days(today, MONTH),
    )
