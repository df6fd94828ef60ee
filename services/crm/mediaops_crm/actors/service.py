"""What is kept about actors: who they are and on which days they were active."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from mediaops_common.audience import ALL, load_each
from mediaops_common.ids import derived_id
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.actors import repository
from mediaops_crm.actors.models import Recency
from mediaops_crm.actors.names import Name, Telling
from mediaops_crm.actors.tracks import Identity, Seen, Track, compare, row_of
from mediaops_crm.database import AUDIENCE

__all__ = [
    "Identity",
    "Name",
    "Person",
    "Recency",
    "Seen",
    "Telling",
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

profile_ids = repository.profile_ids
new_by_day = repository.new_by_day
new_since = repository.new_since
count = repository.count
last_ordinal = repository.last_ordinal
ordinals_above = repository.ordinals_above
profiles_above = repository.profiles_above


@dataclass(frozen=True)
class Person:
    """An actor as lists show it."""

    profile_id: UUID
    platform: str
    id_scope: str
    external_id: str
    name: str | None
    recency: Recency


async def tracks(
    session: AsyncSession,
    generation: int,
    workspace_id: UUID,
    seen: Seen,
    cleared: Collection[int] = (),
) -> dict[int, Track]:
    """What the batch changes about the actors that it names: see `compare`."""
    rows = await repository.days_of(session, generation, workspace_id, seen.ordinals)
    # Thousands of comparisons would hold up whoever else waits for the event loop.
    return await asyncio.to_thread(compare, seen, rows, cleared)


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
        session, generation, workspace_id, [row_of(ordinal, track) for ordinal, track in changed]
    )


def _profile_id(workspace_id: UUID, identity: Identity) -> UUID:
    return derived_id("profile", workspace_id.bytes, *identity)


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
