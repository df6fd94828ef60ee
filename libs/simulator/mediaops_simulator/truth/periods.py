"""Which hour, day, ISO week or calendar month something belongs to."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

__all__ = ["next_period", "start_of", "start_of_day", "starts_between"]


def start_of_day(day: date, granularity: str) -> date:
    """The first day of the period that the day belongs to."""
    if granularity == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if granularity == "month" else day


def next_period(start: date, granularity: str) -> date:
    """The first day of the period after the one that begins at `start`."""
    if granularity == "week":
        return start + timedelta(days=7)
    if granularity == "month":
        return (start + timedelta(days=32)).replace(day=1)
    return start + timedelta(days=1)


def starts_between(first: date, last: date, granularity: str) -> list[date]:
    """The starts of all periods that the days touch."""
    starts = [start_of_day(first, granularity)]
    while next_period(starts[-1], granularity) <= last:
        starts.append(next_period(starts[-1], granularity))
    return starts


@lru_cache(maxsize=1_000_000)
def start_of(at: int, granularity: str, zone: ZoneInfo) -> str:
    """The period of a moment: a day, or the moment (UTC) at which its local hour began."""
    local = datetime.fromtimestamp(at, UTC).astimezone(zone)
    if granularity == "hour":
        return local.replace(minute=0, second=0).astimezone(UTC).isoformat()
    return str(start_of_day(local.date(), granularity))
