"""What a batch changes about actors: their days and names before and after it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mediaops_crm.actors.models import MASK_DAYS, DaysRow, Recency
from mediaops_crm.actors.names import Name, Telling, is_newer, standing

__all__ = ["Identity", "Seen", "Track", "compare", "row_of"]

Identity = tuple[str, str, str]
"""(platform, id_scope, external_id)."""


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
    """The newest name of each that was told one."""
    mended: Mapping[int, Sequence[Telling]] = field(default_factory=dict)
    """In their order, all tellings about those of whom one was taken back or came by a replay."""


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
        place: name
        for place, name in seen.names.items()
        if _is_newer(name, rows.get(seen.ordinals[place]))
    }
    for place, tellings in seen.mended.items():
        known = _known_name(rows.get(seen.ordinals[place]))
        stands = standing(known, tellings)
        if stands is not None and stands != known:
            renamed[place] = stands
    told = days.keys() | renamed.keys()
    if cleared:
        told |= {place for place, ordinal in enumerate(seen.ordinals) if ordinal in cleared}
    return {
        seen.ordinals[place]: _track(
            seen.identities[place],
            rows.get(seen.ordinals[place]),
            days.get(place, ()),
            renamed.get(place),
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
    if row is not None and name[0] == row[5] and name[2] == row[4] and name[1] == row[6]:
        return False  # most are told the same name all day long
    return is_newer(name, _known_name(row))


def _known_name(row: DaysRow | None) -> Name | None:
    return None if row is None or row[5] is None else (row[5], row[6], row[4])


def _track(
    identity: Identity, row: DaysRow | None, days: Iterable[int], name: Name | None
) -> Track:
    if row is None:
        return Track(identity, None, Recency.of(days), name, False, name is not None)
    _ordinal, first, last, mask, *_name = row
    before = after = Recency.stored(first, last, mask)
    if after is None:
        after = Recency.of(days)
    else:
        for more in days:
            after = after.with_day(more)
    return Track(identity, before, after, name or _known_name(row), True, name is not None)


def row_of(ordinal: int, track: Track) -> tuple[Any, ...]:
    """As it is stored."""
    name = (None, None, None) if track.name is None else (track.name[2], *track.name[:2])
    after = track.after
    if after is None:
        return (ordinal, None, None, None, 0, *name)
    return (ordinal, after.first, after.last, after.returned, after.stored_mask, *name)
