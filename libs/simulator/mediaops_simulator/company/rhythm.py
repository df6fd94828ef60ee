"""When people come: the shape of a day and of a week in the company's zone."""

from datetime import date, datetime, time
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

__all__ = ["day_weight", "moment_of"]

# Lunch, the way home, and the long evening; almost nobody at four in the morning.
_HOURS = (9, 5, 3, 2, 1, 2, 8, 20, 26, 24, 22, 26, 46, 38, 24, 22, 24, 32, 44, 58, 72, 78, 62, 30)
_CUMULATED = tuple(accumulate(_HOURS))

_WEEKDAYS = (0.86, 0.88, 0.92, 0.95, 1.1, 1.32, 1.24)


def day_weight(day: date) -> float:
    """How busy a day of the week is, 1 being ordinary."""
    return _WEEKDAYS[day.weekday()]


def moment_of(rng: Random, day: date, zone: ZoneInfo) -> int:
    """A moment of the local day, as Unix seconds, more often when people are awake."""
    hour = rng.choices(range(24), cum_weights=_CUMULATED)[0]
    at = time(hour, rng.randrange(60), rng.randrange(60))
    return int(datetime.combine(day, at, tzinfo=zone).timestamp())
