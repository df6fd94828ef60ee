"""What became of one delivery: its items by outcome, and what they tell of its source."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from mediaops_ingest.deliveries.delays import bucket_of
from mediaops_ingest.deliveries.reasons import reason_of

__all__ = ["COUNTED", "Outcome", "Parts"]

Parts = Mapping[tuple[str, str], int]
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
    least_delay: float = math.inf
    """Seconds."""
    delays: dict[int, int] = {}
    """Of the activities that came: bucket → how many."""
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

    def note_delay(self, delay: timedelta, lateness: timedelta) -> None:
        """How long after it happened an activity came."""
        self.late += delay > lateness
        seconds = delay.total_seconds()
        bucket = bucket_of(seconds)
        self.delays[bucket] = self.delays.get(bucket, 0) + 1
        self.least_delay = min(self.least_delay, seconds)

    def newest_occurred(self, received_at: datetime) -> int:
        """The newest time of an activity, but none after its receipt: Unix seconds, or 0."""
        if not self.delays:
            return 0
        return int(received_at.timestamp() - max(0.0, self.least_delay))

    def parts(self) -> Parts:
        """What the counters are made of."""
        parts = {("delay", str(bucket)): items for bucket, items in self.delays.items()}
        for _, outcome, detail in self.notes:
            if outcome != "conflict":
                place = (outcome, reason_of(detail))
                parts[place] = parts.get(place, 0) + 1
        return parts
