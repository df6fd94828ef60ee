"""What became of one delivery: its items by outcome, and what they tell of its source."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import msgspec

from mediaops_ingest.deliveries.delays import bucket_of
from mediaops_ingest.deliveries.reasons import reason_of

__all__ = ["COUNTED", "Outcome", "Parts", "later"]

Parts = Counter[tuple[str, str]]
"""(kind, name) → items, as `SourceDayPart` keeps them."""

DETAILED_NOTES = 100
"""So many items of a delivery are told in full; of the others what they became and why."""

COUNTED = (
    "received",
    "normalised",
    "duplicates",
    "conflicts",
    "rejected",
    "failed",
    "unmapped",
    "activities",
    "retractions",
    "snapshots",
    "late",
)


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two moments, where there are two."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


class Outcome(msgspec.Struct):
    """What became of one delivery."""

    normalised: int = 0
    duplicates: int = 0
    conflicts: int = 0
    rejected: int = 0
    failed: int = 0
    unmapped: int = 0
    activities: int = 0
    retractions: int = 0
    snapshots: int = 0
    late: int = 0
    newest: datetime | None = None
    """The newest time of an activity, but none after its receipt."""
    delays: list[int] = []
    """Of the activities that came: the bucket of each."""
    notes: list[list[Any]] = []
    """[item, outcome, detail] of each item that is not simply normalised or a repeat."""
    chunks: set[int] = set()
    """Where its events lie."""

    @property
    def received(self) -> int:
        return self.normalised + self.duplicates + self.conflicts + self.rejected + self.failed

    @property
    def status(self) -> str:
        """The first that holds of conflict, failed, duplicate, done."""
        if self.conflicts:
            return "conflict"
        if self.failed:
            return "failed"
        if self.duplicates and self.duplicates == self.received:
            return "duplicate"
        return "done"

    @property
    def reason(self) -> str | None:
        """Of the first item that has one."""
        return self.notes[0][2] if self.notes else None

    def counts(self) -> dict[str, int]:
        """What the permanent counters of the source and day are raised by."""
        return {name: getattr(self, name) for name in COUNTED}

    def note(self, item: int, outcome: str, detail: str) -> None:
        is_detailed = len(self.notes) < DETAILED_NOTES
        self.notes.append([item, outcome, detail[:500] if is_detailed else reason_of(detail)])

    def note_activity(
        self, occurred_at: datetime, received_at: datetime, lateness: timedelta
    ) -> None:
        """When it happened, and how long after that it came."""
        delay = received_at - occurred_at
        self.late += delay > lateness
        self.delays.append(bucket_of(delay.total_seconds()))
        self.newest = later(self.newest, min(occurred_at, received_at))

    def add(self, other: "Outcome") -> None:
        """From here on this one tells of both, apart from where events lie."""
        self.normalised += other.normalised
        self.duplicates += other.duplicates
        self.conflicts += other.conflicts
        self.rejected += other.rejected
        self.failed += other.failed
        self.unmapped += other.unmapped
        self.activities += other.activities
        self.retractions += other.retractions
        self.snapshots += other.snapshots
        self.late += other.late
        self.delays += other.delays
        self.notes += other.notes
        self.newest = later(self.newest, other.newest)

    def parts(self) -> Parts:
        """What the counters are made of."""
        parts: Parts = Counter(("delay", str(bucket)) for bucket in self.delays)
        for _, outcome, detail in self.notes:
            if outcome != "conflict":
                parts[outcome, reason_of(detail)] += 1
        return parts
