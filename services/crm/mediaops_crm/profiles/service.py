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

STEP = 2_000
"""Entries of the index read at once."""


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
    if identity is None:
        return await _walk(session, view, state, after, limit)
    found = await actors.of_identity(session, view.generation, view.workspace_id, *identity)
    profiles = [_profile([person], view.today) for person in found]
    return [
        profile
        for profile in profiles
        if (after is None or profile.id > after) and state in (None, profile.lifecycle)
    ][:limit]


async def _walk(
    session: AsyncSession, view: View, state: LifecycleState | None, after: UUID | None, limit: int
) -> list[Profile]:
    """Few members of a state are all looked up; of many, the next are met soon in the index."""
    key = (view.generation, view.workspace_id)
    members = None
    if state is not None:
        stand = await lifecycle.standing(session, *key, view.today)
        members = stand.members[state]
        # Looking up n of N costs as n, meeting `limit` of them as limit * N / n.
        if 2 * len(members) ** 2 <= limit * stand.everybody:
            ids = await actors.profile_ids(session, *key, members)
            few = sorted((i, o) for o, i in ids.items() if after is None or i > after)
            return await _some(session, view, [ordinal for _id, ordinal in few], limit)
    found: list[Profile] = []
    while True:
        rows = await actors.profiles_above(session, *key, after, STEP)
        chosen = [o for _id, o in rows if members is None or o in members]
        found += await _some(session, view, chosen, limit - len(found))
        if len(found) >= limit or len(rows) < STEP:
            return found
        after = rows[-1][0]


async def _some(
    session: AsyncSession, view: View, ordinals: Sequence[int], limit: int
) -> list[Profile]:
    """The first of them that were ever active, up to `limit`."""
    found: list[Profile] = []
    for start in range(0, len(ordinals), limit):
        some = ordinals[start : start + limit]
        people = await actors.people(session, view.generation, view.workspace_id, some)
        found += [_profile([person], view.today) for person in people]
        if len(found) >= limit:
            break
    return found[:limit]


async def find(session: AsyncSession, view: View, profile_id: UUID) -> Profile:
    """Raises NotFound, also for a profile of another workspace."""
    people = await actors.of_profile(session, view.generation, view.workspace_id, profile_id)
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
        lifecycle=lifecycle.state_at(today, recency.first, recency.last, recency.returned),
        week=recency.active_days(today, WEEK),
        month=recency.active_days(today, MONTH),
    )
