"""What a batch changes about actors: their days and names before and after it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mediaops_crm.actors.models import MASK_DAYS, DaysRow, Recency

__all__ = ["Identity", "Name", "Seen", "Track", "compare", "row_of"]

Identity = tuple[str, str, str]
"""(platform, id_scope, external_id)."""

Name = tuple[int, int, str]
"""(day, mapping revision, name): the largest is the one that stands."""


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


def compare(seen: Seen, rows: Mapping[int, DaysRow], cleared: Collection[int]) -> dict[int, Track]:
    """Ordinal → its days without and with what the batch says: of those for whom it says anything
    new, and of those in `cleared`. Most have been seen that day already; they cost a look."""
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


def row_of(ordinal: int, track: Track) -> tuple[Any, ...]:
    """As it is stored."""
    name = (None, None, None) if track.name is None else (track.name[2], *track.name[:2])
    after = track.after
    if after is None:
        return (ordinal, None, None, None, 0, *name)
    return (ordinal, after.first, after.last, after.returned, after.stored_mask, *name)
