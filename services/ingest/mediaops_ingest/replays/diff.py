"""The difference between what an item gave and what it gives now."""

from collections.abc import Sequence
from dataclasses import dataclass, field
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
    """Pairs equal contents first, so that a mapping that only reorders changes nothing; what is
    left is paired in order."""
    diff = Diff()
    left_old = sorted(old, key=lambda event: event.output)
    left_new: list[Output] = []
    for output in new:
        wanted = content_of(_event(output))
        match = next((event for event in left_old if content_of(event) == wanted), None)
        if match is None:
            left_new.append(output)
        else:
            left_old.remove(match)
            diff.unchanged += 1
    for index in range(max(len(left_old), len(left_new))):
        diff.changes.append(
            Change(
                left_old[index] if index < len(left_old) else None,
                left_new[index] if index < len(left_new) else None,
            )
        )
    return diff


def _event(output: Output) -> Standing:
    event = output.event
    return event if isinstance(event, SnapshotRecorded) else event.activity
