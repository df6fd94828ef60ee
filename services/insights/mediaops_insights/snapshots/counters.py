"""One counter's readings as increases and levels by day. No database here."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["Counter", "increases", "levels"]


@dataclass
class Counter:
    """What a platform reported of one channel or content, by day."""

    start: int = 0
    """The last reading before the days in question; a counter begins at 0."""
    level_start: tuple[int, datetime, int] | None = None
    """(day, as_of, value) of what spoke last of a day before those in question."""
    readings: dict[int, int] = field(default_factory=dict)
    """The last cumulative reading of each day."""
    daily: dict[int, int] = field(default_factory=dict)
    """What was reported of a day as a whole."""
    ends: dict[int, tuple[datetime, int]] = field(default_factory=dict)
    """The last reading of each day, of whatever kind."""
    corrections: dict[int, int] = field(default_factory=dict)

    def begin(self, kind: str, day: int, as_of: datetime, value: int) -> None:
        """The last reading of its kind before the days in question."""
        if kind == "cumulative":
            self.start = value
        if self.level_start is None or self.level_start[:2] <= (day, as_of):
            self.level_start = (day, as_of, value)

    def read(self, kind: str, day: int, as_of: datetime, value: int) -> None:
        """A reading of one of the days, in the order of time within its kind."""
        if kind == "cumulative":
            self.readings[day] = value
        elif kind == "daily":
            self.daily[day] = value
        known = self.ends.get(day)
        if known is None or known[0] <= as_of:
            self.ends[day] = (as_of, value)

    def note(self, day: int, corrections: int) -> None:
        if corrections:
            self.corrections[day] = self.corrections.get(day, 0) + corrections


def increases(counter: Counter, first: int, last: int) -> Iterator[tuple[int, int, int]]:
    """(day, increase, corrections) of each day on which something was reported."""
    previous = counter.start
    for day in range(first, last + 1):
        reading = counter.readings.get(day)
        corrections = counter.corrections.get(day, 0)
        if day in counter.daily:
            yield day, counter.daily[day], corrections
        elif reading is not None:
            yield day, reading - previous, corrections
        elif corrections:
            yield day, 0, corrections
        if reading is not None:
            previous = reading


def levels(counter: Counter, first: int, last: int) -> Iterator[tuple[int, int, int]]:
    """(day, level at its end, corrections) of each day since something was first reported."""
    level = None if counter.level_start is None else counter.level_start[2]
    for day in range(first, last + 1):
        end = counter.ends.get(day)
        if end is not None:
            level = end[1]
        corrections = counter.corrections.get(day, 0)
        if level is not None or corrections:
            yield day, level or 0, corrections
