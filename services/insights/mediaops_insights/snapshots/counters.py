"""One counter's readings as increases and levels by day. No database here."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

__all__ = ["Counter", "Told", "increases", "levels"]

Said = tuple[datetime, int]
"""`as_of` and value of a report."""


class Told(NamedTuple):
    """What the reports come to on one day."""

    day: int
    value: int
    corrections: int
    as_of: tuple[datetime, ...]
    """Of the reports that it is made of, of this day or one before."""


@dataclass
class Counter:
    """What a platform reported of one channel or content, by day."""

    start: Said | None = None
    """The last reading before the days in question; a counter begins at 0."""
    level_start: tuple[int, datetime, int] | None = None
    """(day, as_of, value) of what spoke last of a day before those in question."""
    readings: dict[int, Said] = field(default_factory=dict)
    """The last cumulative reading of each day."""
    daily: dict[int, Said] = field(default_factory=dict)
    """What was reported of a day as a whole."""
    ends: dict[int, Said] = field(default_factory=dict)
    """The last reading of each day, of whatever kind."""
    corrections: dict[int, int] = field(default_factory=dict)

    def begin(self, kind: str, day: int, as_of: datetime, value: int) -> None:
        """The last reading of its kind before the days in question."""
        if kind == "cumulative":
            self.start = (as_of, value)
        if self.level_start is None or self.level_start[:2] <= (day, as_of):
            self.level_start = (day, as_of, value)

    def read(self, kind: str, day: int, as_of: datetime, value: int) -> None:
        """A reading of one of the days, in the order of time within its kind."""
        if kind == "cumulative":
            self.readings[day] = (as_of, value)
        elif kind == "daily":
            self.daily[day] = (as_of, value)
        known = self.ends.get(day)
        if known is None or known[0] <= as_of:
            self.ends[day] = (as_of, value)

    def note(self, day: int, corrections: int) -> None:
        if corrections:
            self.corrections[day] = self.corrections.get(day, 0) + corrections


def increases(counter: Counter, first: int, last: int) -> Iterator[Told]:
    """The increase of each day on which something was reported."""
    previous = counter.start
    for day in range(first, last + 1):
        reading = counter.readings.get(day)
        corrections = counter.corrections.get(day, 0)
        if day in counter.daily:
            as_of, value = counter.daily[day]
            yield Told(day, value, corrections, (as_of,))
        elif reading is not None and previous is not None:
            yield Told(day, reading[1] - previous[1], corrections, (previous[0], reading[0]))
        elif reading is not None:
            yield Told(day, reading[1], corrections, reading[:1])
        elif corrections:
            yield Told(day, 0, corrections, ())
        if reading is not None:
            previous = reading


def levels(counter: Counter, first: int, last: int) -> Iterator[Told]:
    """The level at the end of each day since something was first reported."""
    level = None if counter.level_start is None else counter.level_start[1:]
    for day in range(first, last + 1):
        level = counter.ends.get(day, level)
        corrections = counter.corrections.get(day, 0)
        if level is not None:
            yield Told(day, level[1], corrections, level[:1])
        elif corrections:
            yield Told(day, 0, corrections, ())
