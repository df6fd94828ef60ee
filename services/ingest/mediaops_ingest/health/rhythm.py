"""When a source is silent: measured by its own pauses, which nights and weekends belong to."""

from collections.abc import Sequence
from datetime import datetime

from mediaops_common.zones import day_number

__all__ = ["allowed_seconds", "with_gap"]

DAYS = 14
"""What is older is forgotten, so that a rhythm may change."""

NEEDED_DAYS = 3
"""Of fewer days nothing can be said."""

TIMES = 2
LEAST = 3_600
"""Nobody is called for a pause below an hour."""

Gaps = Sequence[Sequence[int]]
"""(day number, longest pause that ended on it, in seconds), oldest first."""


def with_gap(gaps: Gaps, seconds: float, until: datetime) -> list[list[int]]:
    """The gaps with one more pause, and without what is too old. Days are those of UTC: they are
    only a way to forget."""
    day = day_number(until, "UTC")
    known = {number: longest for number, longest in gaps if number > day - DAYS}
    known[day] = max(known.get(day, 0), round(seconds))
    return [[number, known[number]] for number in sorted(known)]


def allowed_seconds(gaps: Gaps) -> int | None:
    """How long it may be quiet: twice its longest pause of the last two weeks. None until it was
    heard on enough days."""
    if len(gaps) < NEEDED_DAYS:
        return None
    return max(LEAST, TIMES * max(longest for _, longest in gaps))
