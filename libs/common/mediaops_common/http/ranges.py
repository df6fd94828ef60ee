"""Days and moments in queries: `from` and `to`."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from mediaops_common.http.problems import Invalid
from mediaops_common.zones import day_end, day_of, day_start, number_of

__all__ = [
    "DayRange",
    "MomentRange",
    "parse_day",
    "parse_days",
    "parse_earliest",
    "parse_moment",
    "parse_range",
]

FIRST, LAST = date(1970, 1, 2), date(2999, 12, 31)
"""Beyond these the arithmetic of days and zones would overflow."""

FURTHEST_EAST = timedelta(hours=14)
"""No zone is further ahead of UTC."""

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True)
class MomentRange:
    """`start` inclusive, `end` exclusive, in UTC; None where the side is open."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class DayRange:
    """Local days, inclusive at both ends."""

    first: date
    last: date

    @property
    def numbers(self) -> range:
        """The day numbers, in order."""
        return range(number_of(self.first), number_of(self.last) + 1)


def parse_day(value: str, field: str) -> date:
    """`YYYY-MM-DD`. Raises Invalid naming the field."""
    try:
        if not DAY.fullmatch(value):
            raise ValueError
        day = date.fromisoformat(value)
    except ValueError:
        raise Invalid(field, "is not a day of the form YYYY-MM-DD") from None
    if not FIRST <= day <= LAST:
        raise Invalid(field, f"is not between {FIRST} and {LAST}")
    return day


def parse_moment(value: str, field: str) -> datetime:
    """RFC 3339 with its offset, as UTC. Raises Invalid naming the field."""
    try:
        # A "+" that was not encoded in the query arrives as a blank.
        moment = datetime.fromisoformat(value.replace(" ", "+") if value.count(" ") == 1 else value)
        if len(value) < 17 or moment.tzinfo is None or value[10] not in "Tt":
            raise ValueError
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(field, "is neither a day (YYYY-MM-DD) nor an RFC 3339 moment") from None
    if not FIRST <= moment.date() <= LAST:
        raise Invalid(field, f"is not between {FIRST} and {LAST}")
    return moment


def parse_earliest(value: str, field: str) -> datetime:
    """A moment; or a day of no zone, from where it begins first."""
    if not DAY.fullmatch(value):
        return parse_moment(value, field)
    day = parse_day(value, field)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - FURTHEST_EAST


def parse_range(from_: str | None, to: str | None, tz: str) -> MomentRange:
    """A day is local and inclusive at both ends; of moments `from` is inclusive, `to` exclusive."""
    start = end = None
    if from_ is not None:
        start = (
            day_start(parse_day(from_, "from"), tz)
            if DAY.fullmatch(from_)
            else parse_moment(from_, "from")
        )
    if to is not None:
        end = day_end(parse_day(to, "to"), tz) if DAY.fullmatch(to) else parse_moment(to, "to")
    if start is not None and end is not None:
        # Of moments, an empty range is one; a day before the first is a mistake.
        is_empty = start == end and to is not None and DAY.fullmatch(to) is not None
        if start > end or is_empty:
            raise Invalid("to", "is before from")
    return MomentRange(start, end)


def parse_days(
    from_: str | None,
    to: str | None,
    tz: str,
    *,
    today: date,
    default_days: int = 28,
    max_days: int = 1100,
) -> DayRange:
    """The local days of a series; without `to` up to today, without `from` `default_days` long.

    A moment stands for the local day it falls on (`to` is exclusive, so midnight is the day
    before).
    """
    last = today if to is None else _last_day(to, tz)
    first = (
        max(FIRST, last - timedelta(days=default_days - 1))
        if from_ is None
        else parse_day(from_, "from")
        if DAY.fullmatch(from_)
        else day_of(parse_moment(from_, "from"), tz)
    )
    if first > last:
        raise Invalid("from", "is in the future") if to is None else Invalid("to", "is before from")
    if (last - first).days >= max_days:
        raise Invalid("from", f"is more than {max_days} days before to")
    return DayRange(first, last)


def _last_day(to: str, tz: str) -> date:
    if DAY.fullmatch(to):
        return parse_day(to, "to")
    return day_of(parse_moment(to, "to") - timedelta(microseconds=1), tz)
