"""The difference between what an item gave and what it gives now."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from operator import attrgetter
from typing import Any

import msgspec
from mediaops_common.events import Activity, SnapshotRecorded

from mediaops_ingest.normaliser.reading import Output

__all__ = ["Change", "Diff", "Standing", "content_of", "difference"]

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
    """Pairs what has one id: it is one event, which says this now, and nothing else may be left to
    say it. Then what has one content, so that a new revision that says the same changes nothing;
    what is left is paired in order."""
    diff = Diff()
    left = {event.id: event for event in sorted(old, key=attrgetter("output"))}
    strangers: list[Output] = []
    for output in new:
        event = _event(output)
        same = left.pop(event.id, None)
        if same is None:
            strangers.append(output)
        elif _said(same) == _said(event):
            diff.unchanged += 1
        else:
            diff.changes.append(Change(same, output))
    by_content: dict[bytes, list[Standing]] = {}
    for event in left.values():
        by_content.setdefault(_said(event), []).append(event)
    fresh: list[Output] = []
    for output in strangers:
        if alike := by_content.get(_said(_event(output))):
            del left[alike.pop(0).id]
            diff.unchanged += 1
        else:
            fresh.append(output)
    diff.changes += [Change(*pair) for pair in zip_longest(left.values(), fresh)]
    return diff


def _said(event: Standing) -> bytes:
    return msgspec.json.encode(content_of(event), order="sorted")


def _event(output: Output) -> Standing:
    event = output.event
    return event if isinstance(event, SnapshotRecorded) else event.activity
