"""The difference between what an item gave and what it gives now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
from mediaops_common.events import Activity, SnapshotRecorded

from mediaops_ingest.normaliser.reading import Output

__all__ = ["Change", "Diff", "Standing", "content_of", "difference", "output_id"]

Standing = Activity | SnapshotRecorded
"""An event of the archive that was not taken back."""

_IDENTITY = {
    "id",
    "received_at",
    "known_at",
    "delivery_id",
    "mapping_revision",
    "correction",
    "is_retraction",
    "output",
}


def content_of(event: Standing) -> dict[str, Any]:
    """What an event says, without which reading of which delivery said it."""
    whole = msgspec.to_builtins(event)
    return {name: value for name, value in whole.items() if name not in _IDENTITY}


@dataclass(frozen=True)
class Change:
    """One place in an item's outputs: what stood there and what shall stand there."""

    old: Standing | None
    new: Output | None


@dataclass
class Diff:
    unchanged: int = 0
    changes: list[Change] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """`changed`: retracted and replaced; `retracted`: taken back only; `missing`: new."""
        return {
            "unchanged": self.unchanged,
            "changed": sum(1 for c in self.changes if c.old and c.new),
            "retracted": sum(1 for c in self.changes if c.old and not c.new),
            "missing": sum(1 for c in self.changes if not c.old and c.new),
        }


def difference(old: Sequence[Standing], new: Sequence[Output]) -> Diff:
    """Pairs equal contents, so that a mapping that only reorders changes nothing. What is left is
    paired by id, then in order. An event stays only where its id is not to say something else."""
    diff = Diff()
    events = {output_id(output): output for output in new}
    left = {event.id: event for event in sorted(old, key=attrgetter("output"))}
    staying = _alike(left.values(), new)
    said = set(staying.values())
    fresh = [id_ for id_ in events if id_ not in said]
    for id_ in fresh:  # which grows meanwhile
        if id_ in staying:
            fresh.append(staying.pop(id_))
    diff.unchanged = len(staying)
    for id_ in staying:
        del left[id_]
    # What an id said is taken back just before it says something else, and not after it.
    again = [id_ for id_ in fresh if id_ in left]
    diff.changes += [Change(left.pop(id_), events[id_]) for id_ in again]
    new_ids = set(fresh).difference(again)
    others = [output for id_, output in events.items() if id_ in new_ids]
    diff.changes += [Change(*pair) for pair in zip_longest(left.values(), others)]
    return diff


def _alike(old: Iterable[Standing], new: Iterable[Output]) -> dict[UUID, UUID]:
    """Standing event → the output that says the same, by their ids; the same id where it can be."""
    by_content: dict[bytes, dict[UUID, None]] = {}
    for event in old:
        by_content.setdefault(_said(event), {})[event.id] = None
    found: dict[UUID, UUID] = {}
    for output in new:
        alike, id_ = by_content.get(_said(_event(output))), output_id(output)
        if alike:
            same = id_ if id_ in alike else next(iter(alike))
            del alike[same]
            found[same] = id_
    return found


def _said(event: Standing) -> bytes:
    return msgspec.json.encode(content_of(event), order="sorted")


def _event(output: Output) -> Standing:
    event = output.event
    return event if isinstance(event, SnapshotRecorded) else event.activity


def output_id(output: Output) -> UUID:
    """The id of its event."""
    return _event(output).id
