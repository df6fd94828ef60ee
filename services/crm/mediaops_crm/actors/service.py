"""What is kept about actors: who they are and on which days they were active."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from mediaops_common.audience import ALL, load_each
from mediaops_common.ids import derived_id
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.actors import repository
from mediaops_crm.actors.models import MASK_DAYS, Recency
from mediaops_crm.actors.repository import DaysRow
from mediaops_crm.database import AUDIENCE

__all__ = [
    "Identity",
    "Name",
    "Person",
    "Recency",
    "Seen",
    "Track",
    "count",
    "last_ordinal",
    "new_by_day",
    "new_since",
    "of_identity",
    "of_profile",
    "ordinals_above",
    "people",
    "profile_ids",
    "profiles_above",
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
    platform: str
    id_scope: str
    external_id: str
    name: str | None
    recency: Recency


@dataclass
class Track:
    """One actor's days before and after a batch."""

    identity: Identity
    before: Recency | None
    after: Recency | None
    name: Name | None
    is_known: bool
    """Whether the actor has its rows."""
    is_renamed: bool = False

    @property
    def is_changed(self) -> bool:
        return self.is_renamed or self.before != self.after


@dataclass(frozen=True)
class Seen:
    """What a batch says of actors, who are named by their places in these lists."""

    identities: Sequence[Identity]
    ordinals: Sequence[int]
    days: Mapping[int, Iterable[int]]
    """Day → who was active."""
    names: Mapping[int, Name]


async def tracks(
    session: AsyncSession,
    generation: int,
    workspace_id: UUID,
    seen: Seen,
    cleared: Collection[int] = (),
) -> dict[int, Track]:
    """Ordinal → its days without and with what the batch says: of those for whom it says anything
    new, and of those in `cleared`. Most have been seen that day already; they cost a look."""
    rows = await repository.days_of(session, generation, workspace_id, seen.ordinals)
    # Thousands of comparisons would hold up whoever else waits for the event loop.
    return await asyncio.to_thread(_compared, seen, rows, cleared)


def _compared(
    seen: Seen, rows: Mapping[int, DaysRow], cleared: Collection[int]
) -> dict[int, Track]:
    days: dict[int, list[int]] = {}
    for day, places in seen.days.items():
        for place in places:
            row = rows.get(seen.ordinals[place])
            if row is None or _is_news(day, row):
                days.setdefault(place, []).append(day)
    renamed = {
        place
        for place, name in seen.names.items()
        if _is_newer(name, rows.get(seen.ordinals[place]))
    }
    told = days.keys() | renamed
    if cleared:
        told |= {place for place, ordinal in enumerate(seen.ordinals) if ordinal in cleared}
    return {
        seen.ordinals[place]: _track(
            seen.identities[place],
            rows.get(seen.ordinals[place]),
            days.get(place, ()),
            seen.names[place] if place in renamed else None,
        )
        for place in told
    }


def _is_news(day: int, row: DaysRow) -> bool:
    first, last, mask = row[1], row[2], row[3]
    if last is None or day > last or day < first:
        return True
    back = last - day
    return bool(back < MASK_DAYS and not mask >> back & 1)


def _is_newer(name: Name, row: DaysRow | None) -> bool:
    if row is None or row[4] is None:
        return True
    return name[0] >= row[5] and name > (row[5], row[6], row[4])


def _track(
    identity: Identity, row: DaysRow | None, days: Iterable[int], name: Name | None
) -> Track:
    if row is None:
        return Track(identity, None, Recency.of(days), name, False, name is not None)
    _ordinal, first, last, mask, text, day, revision = row
    before = after = Recency.stored(first, last, mask)
    if after is None:
        after = Recency.of(days)
    else:
        for more in days:
            after = after.with_day(more)
    known = None if text is None else (day, revision, text)
    return Track(identity, before, after, name or known, True, name is not None)


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
    tracks: Mapping[int, Track],
) -> None:
    """Writes what changed, and who is new."""
    changed = [(ordinal, track) for ordinal, track in sorted(tracks.items()) if track.is_changed]
    await repository.add(
        session,
        generation,
        workspace_id,
        [
            (ordinal, _profile_id(workspace_id, track.identity), *track.identity)
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
    session: AsyncSession, generation: int, workspace_id: UUID, ordinals: Iterable[int]
) -> dict[int, UUID]:
    """Ordinal → profile."""
    return await repository.profile_ids(session, generation, workspace_id, ordinals)


async def new_by_day(
    session: AsyncSession, generation: int, workspace_id: UUID, first: int, last: int
) -> dict[int, int]:
    """Day → how many were active for the first time, over all channels."""
    return await repository.new_by_day(session, generation, workspace_id, first, last)


async def new_since(
    session: AsyncSession, generation: int, workspace_id: UUID, day: int
) -> list[int]:
    """The ordinals of those who were first active on that day or later."""
    return await repository.new_since(session, generation, workspace_id, day)


async def count(session: AsyncSession, generation: int, workspace_id: UUID) -> int:
    """How many actors were ever active."""
    return await repository.count(session, generation, workspace_id)


async def last_ordinal(session: AsyncSession, generation: int, workspace_id: UUID) -> int:
    """The largest ordinal; -1 where there is none."""
    return await repository.last_ordinal(session, generation, workspace_id)


async def ordinals_above(
    session: AsyncSession, generation: int, workspace_id: UUID, after: int, limit: int
) -> list[int]:
    """The next ordinals, in order."""
    return await repository.ordinals_above(session, generation, workspace_id, after, limit)


async def recencies(
    session: AsyncSession, generation: int, workspace_id: UUID, ordinals: Iterable[int]
) -> dict[int, Recency | None]:
    """Ordinal → its days now."""
    rows = await repository.days_of(session, generation, workspace_id, ordinals)
    return {
        ordinal: Recency.stored(first, last, mask)
        for ordinal, (_ordinal, first, last, mask, *_name) in rows.items()
    }


async def people(
    session: AsyncSession, generation: int, workspace_id: UUID, ordinals: Iterable[int]
) -> list[Person]:
    """Those of the ordinals that were active at least once, in the order of profiles' ids."""
    wanted = list(ordinals)
    cards = await repository.cards(session, generation, workspace_id, wanted)
    rows = await repository.days_of(session, generation, workspace_id, wanted)
    found = []
    for ordinal, (_ordinal, first, last, mask, name, *_named) in rows.items():
        recency = Recency.stored(first, last, mask)
        if recency is not None:
            found.append(Person(*cards[ordinal], name, recency))
    return sorted(found, key=lambda person: person.profile_id)


async def of_profile(
    session: AsyncSession, generation: int, workspace_id: UUID, profile_id: UUID
) -> list[Person]:
    """The actors of a profile; none where there is no such profile."""
    ordinals = await repository.of_profile(session, generation, workspace_id, profile_id)
    return await people(session, generation, workspace_id, ordinals)


async def of_identity(
    session: AsyncSession, generation: int, workspace_id: UUID, platform: str, external_id: str
) -> list[Person]:
    """All actors with that id on that platform, whatever their scope."""
    ordinals = await repository.of_identity(
        session, generation, workspace_id, platform, external_id
    )
    return await people(session, generation, workspace_id, ordinals)


async def profiles_above(
    session: AsyncSession, generation: int, workspace_id: UUID, after: UUID | None, limit: int
) -> list[tuple[UUID, int]]:
    """The next (profile, ordinal), in the order of profiles' ids."""
    return await repository.profiles_above(session, generation, workspace_id, after, limit)
