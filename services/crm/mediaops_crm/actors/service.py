"""What is kept about actors: who they are and on which days they were active."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from mediaops_common.audience import ALL, load_each
from mediaops_common.ids import derived_id
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.actors import repository
from mediaops_crm.actors.models import Recency
from mediaops_crm.actors.repository import Bounds
from mediaops_crm.database import AUDIENCE

__all__ = [
    "Bounds",
    "Identity",
    "Name",
    "Person",
    "Recency",
    "Seen",
    "Track",
    "by_profile",
    "count_by",
    "moved",
    "new_by_day",
    "page",
    "profile_ids",
    "recencies",
    "recount",
    "save",
    "tracks",
]

Identity = tuple[str, str, str]
"""(platform, id_scope, external_id)."""

Name = tuple[int, int, str]
"""(day, mapping revision, name): the largest is the one that stands."""


@dataclass(frozen=True)
class Person:
    """An actor as lists show it."""

    profile_id: UUID
    identity: Identity
    name: str | None
    recency: Recency
    returned: int | None


@dataclass
class Track:
    """One actor's days before and after a batch."""

    before: Recency | None
    after: Recency | None
    name: Name | None
    is_known: bool
    is_renamed: bool = False

    @property
    def is_changed(self) -> bool:
        return self.is_renamed or self.before != self.after


@dataclass
class Seen:
    """What a batch says of one actor."""

    identity: Identity
    days: set[int] = field(default_factory=set)
    name: Name | None = None


async def tracks(
    session: AsyncSession, generation: int, workspace_id: UUID, seen: Mapping[int, Seen]
) -> dict[int, Track]:
    """Ordinal → its days without and with what the batch says."""
    rows = await repository.days_of(session, generation, workspace_id, seen.keys())
    found: dict[int, Track] = {}
    for ordinal, one in seen.items():
        row = rows.get(ordinal)
        if row is None:
            after = Recency.of(one.days)
            found[ordinal] = Track(None, after, one.name, False, one.name is not None)
            continue
        first, last, mask, text, day, revision = row
        before = Recency.stored(first, last, mask)
        name = None if text is None else (day, revision, text)
        track = found[ordinal] = Track(before, _with_days(before, one.days), name, True)
        if one.name is not None and (name is None or one.name > name):
            track.name, track.is_renamed = one.name, True
    return found


def _with_days(recency: Recency | None, days: Iterable[int]) -> Recency | None:
    if recency is None:
        return Recency.of(days)
    for day in days:
        recency = recency.with_day(day)
    return recency


async def recount(
    session: AsyncSession, generation: int, workspace_id: UUID, tracks: Mapping[int, Track]
) -> None:
    """Sets the days of these actors to what the workspace's bitmaps say: after a bit was cleared,
    a first, last or returning day cannot be told from the row alone."""
    spans = [r for t in tracks.values() for r in (t.before, t.after) if r is not None]
    if not spans:
        return
    from pyroaring import BitMap

    wanted = BitMap(tracks.keys())
    days: dict[int, list[int]] = {ordinal: [] for ordinal in tracks}
    first, last = min(r.first for r in spans), max(r.last for r in spans)
    async for maps in load_each(session, AUDIENCE, generation, workspace_id, ALL, first, last):
        for day, bits in maps.items():
            for ordinal in bits & wanted:
                days[ordinal].append(day)
    for ordinal, track in tracks.items():
        track.after = Recency.of(days[ordinal])


async def save(
    session: AsyncSession,
    generation: int,
    workspace_id: UUID,
    seen: Mapping[int, Seen],
    tracks: Mapping[int, Track],
) -> None:
    """Writes what changed, and who is new."""
    changed = [(ordinal, track) for ordinal, track in sorted(tracks.items()) if track.is_changed]
    await repository.add(
        session,
        generation,
        workspace_id,
        [
            (ordinal, _profile_id(workspace_id, seen[ordinal].identity), *seen[ordinal].identity)
            for ordinal, track in changed
            if not track.is_known
        ],
    )
    await repository.replace_days(
        session, generation, workspace_id, [_row(ordinal, track) for ordinal, track in changed]
    )


def _profile_id(workspace_id: UUID, identity: Identity) -> UUID:
    return derived_id("profile", workspace_id.bytes, *identity)


def _row(ordinal: int, track: Track) -> tuple[Any, ...]:
    name = (None, None, None) if track.name is None else (track.name[2], *track.name[:2])
    after = track.after
    if after is None:
        return (ordinal, None, None, None, 0, *name)
    return (ordinal, after.first, after.last, after.returned, after.stored_mask, *name)


async def profile_ids(
    session: AsyncSession, generation: int, workspace_id: UUID, ordinals: Collection[int]
) -> dict[int, UUID]:
    """Ordinal → profile."""
    return await repository.profile_ids(session, generation, workspace_id, ordinals)


async def new_by_day(
    session: AsyncSession, generation: int, workspace_id: UUID, first: int, last: int
) -> dict[int, int]:
    """Day → how many were active for the first time, over all channels."""
    return await repository.new_by_day(session, generation, workspace_id, first, last)


async def by_profile(
    session: AsyncSession, generation: int, workspace_id: UUID, profile_id: UUID
) -> list[Person]:
    """The actors of one profile; none where there is no such profile."""
    rows = await repository.by_profile(session, generation, workspace_id, profile_id)
    return [_person(row) for row in rows]


async def page(
    session: AsyncSession,
    generation: int,
    workspace_id: UUID,
    *,
    identity: tuple[str, str] | None = None,
    bounds: Bounds | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[Person]:
    """Actors that were active at least once, in the order of their profiles' ids."""
    rows = await repository.page(
        session,
        generation,
        workspace_id,
        identity=identity,
        bounds=bounds,
        after=after,
        limit=limit,
    )
    return [_person(row) for row in rows]


async def count_by(
    session: AsyncSession, generation: int, workspace_id: UUID, states: Mapping[str, Bounds]
) -> dict[str, int]:
    """State → how many actors are within its bounds."""
    return await repository.count_by(session, generation, workspace_id, states)


async def moved(
    session: AsyncSession,
    generation: int,
    workspace_id: UUID,
    before: Mapping[str, Bounds] | None,
    now: Mapping[str, Bounds],
    *,
    after: int,
    limit: int,
) -> list[int]:
    """The next ordinals above `after` whose state is another by `now` than by `before`; all of
    them without `before`."""
    return await repository.moved(
        session, generation, workspace_id, before, now, after=after, limit=limit
    )


async def recencies(
    session: AsyncSession, generation: int, workspace_id: UUID, ordinals: Collection[int]
) -> dict[int, Recency | None]:
    """Ordinal → its days now."""
    rows = await repository.days_of(session, generation, workspace_id, ordinals)
    return {
        ordinal: Recency.stored(first, last, mask)
        for ordinal, (first, last, mask, *_name) in rows.items()
    }


def _person(row: Any) -> Person:
    recency = Recency.stored(row.first_day, row.last_day, row.mask)
    assert recency is not None  # only those with a first day are shown
    return Person(
        profile_id=row.profile_id,
        identity=(row.platform, row.id_scope, row.external_id),
        name=row.name,
        recency=recency,
        returned=row.returned_day,
    )
