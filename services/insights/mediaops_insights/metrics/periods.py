"""Periods: minutes and hours as moments, days, ISO weeks and calendar months as days.

A range names the periods that it touches, and each of them is whole: the week that began before
`from` shows all its days. So a cell has one value, whichever range it is asked in.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from mediaops_common.http import Invalid, parse_day, parse_days, parse_moment, parse_range
from mediaops_common.zones import (
    day_end,
    day_of,
    day_start,
    hour_end,
    hour_start,
    number_of,
    zone,
)

__all__ = ["COMPARISONS", "Period", "compared", "minutes", "period_at", "periods"]

COMPARISONS = ("previous_period", "same_weekday", "previous_year")

Shift = Callable[[date, str], date]
"""(day, granularity) → the day it is compared with."""

MOST = 25_000
"""Periods in one range: more than 14 days of minutes."""

DEFAULT_DAYS = {"day": 28, "week": 84, "month": 365}
DEFAULT_SPANS = {"minute": timedelta(hours=1), "hour": timedelta(hours=24)}


@dataclass(frozen=True)
class Period:
    """One period of a series."""

    granularity: str
    start: str
    """As it is shown: a day, or an RFC 3339 moment in UTC."""
    begin: datetime
    end: datetime
    first: int
    """The first and last bucket of the rollups that belong to it: minutes, or days."""
    last: int
    last_day: date
    """The local day on which it ends: when that is final, it is."""


def periods(
    granularity: str, from_: str | None, to: str | None, timezone: str, now: datetime
) -> list[Period]:
    """The periods that the range touches, in order. Raises Invalid naming the field."""
    if granularity in DEFAULT_SPANS:
        found = _moments(granularity, from_, to, timezone, now)
    else:
        found = _calendar(granularity, from_, to, timezone, now)
    if len(found) > MOST:
        raise Invalid("from", f"the range has {len(found)} periods; at most {MOST} are answered")
    return found


def _moments(
    granularity: str, from_: str | None, to: str | None, timezone: str, now: datetime
) -> list[Period]:
    asked = parse_range(from_, to, timezone)
    end = asked.end if asked.end is not None else now + timedelta(microseconds=1)
    start = asked.start if asked.start is not None else end - DEFAULT_SPANS[granularity]
    if start > end:
        raise Invalid("from", "is in the future") if to is None else Invalid("to", "is before from")
    if start == end:
        return []
    step = timedelta(minutes=1) if granularity == "minute" else timedelta(hours=1)
    if (end - start) / step > MOST:
        raise Invalid("from", f"the range has more than {MOST} periods")
    if granularity == "minute":
        return minutes(start, end, timezone)
    return [_hour(second, timezone) for second in _hours(start, end, timezone)]


def minutes(start: datetime, end: datetime, timezone: str) -> list[Period]:
    """The minutes between two moments."""
    first, last = int(start.timestamp() // 60), -int(-end.timestamp() // 60)
    return [_minute(minute, timezone) for minute in range(first, last)]


def _hours(start: datetime, end: datetime, timezone: str) -> Iterator[int]:
    """The beginnings of the local hours between two moments."""
    begun, last = hour_start(start, timezone), end.timestamp()
    while begun < last:
        yield begun
        begun = hour_end(begun, timezone)


def _minute(minute: int, timezone: str) -> Period:
    begin = datetime.fromtimestamp(minute * 60, UTC)
    return Period(
        "minute",
        _shown(begin),
        begin,
        begin + timedelta(minutes=1),
        minute,
        minute,
        day_of(begin, timezone),
    )


def _hour(second: int, timezone: str) -> Period:
    begin = datetime.fromtimestamp(second, UTC)
    end = datetime.fromtimestamp(hour_end(second, timezone), UTC)
    bucket = second // 60
    return Period("hour", _shown(begin), begin, end, bucket, bucket, day_of(begin, timezone))


def _shown(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _calendar(
    granularity: str, from_: str | None, to: str | None, timezone: str, now: datetime
) -> list[Period]:
    asked = parse_days(
        from_,
        to,
        timezone,
        today=day_of(now, timezone),
        default_days=DEFAULT_DAYS[granularity],
        max_days=MOST,
    )
    found = []
    start = _begun(granularity, asked.first)
    while start <= asked.last:
        found.append(_days(granularity, start, timezone))
        start = _next(granularity, start)
    return found


def _begun(granularity: str, day: date) -> date:
    if granularity == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if granularity == "month" else day


def _next(granularity: str, start: date, count: int = 1) -> date:
    if granularity == "month":
        months = start.year * 12 + start.month - 1 + count
        return date(months // 12, months % 12 + 1, 1)
    return start + timedelta(days=count * (7 if granularity == "week" else 1))


def _days(granularity: str, start: date, timezone: str) -> Period:
    last = _next(granularity, start) - timedelta(days=1)
    return Period(
        granularity,
        start.isoformat(),
        day_start(start, timezone),
        day_end(last, timezone),
        number_of(start),
        number_of(last),
        last,
    )


def period_at(granularity: str, start: str, timezone: str) -> Period:
    """The one period that begins at `start`, or that holds it. Raises Invalid naming `start`."""
    if granularity in DEFAULT_SPANS:
        moment = parse_moment(start, "start")
        if granularity == "minute":
            return _minute(int(moment.timestamp() // 60), timezone)
        return _hour(hour_start(moment, timezone), timezone)
    day = parse_day(start, "start")
    return _days(granularity, _begun(granularity, day), timezone)


def compared(how: str, shown: Sequence[Period], timezone: str) -> list[Period]:
    """For each period the one that it is compared with.

    `previous_period`: the range that ends where this one begins, period by period (months with
    months). `same_weekday`: a week earlier, at the same local time. `previous_year`: the same date
    (29 February: the 28th), ISO week (53: the 52nd) or month. Raises Invalid naming `compare`.
    """
    if not shown:
        return []
    granularity = shown[0].granularity
    if how == "previous_period":
        return _previous(shown, timezone)
    if how == "same_weekday" and granularity == "month":
        raise Invalid("compare", "months have no weekday")
    shift = _week_earlier if how == "same_weekday" else _year_earlier
    return [_shifted(period, shift, timezone) for period in shown]


def _previous(shown: Sequence[Period], timezone: str) -> list[Period]:
    granularity, count = shown[0].granularity, len(shown)
    if granularity == "minute":
        return [_minute(period.first - count, timezone) for period in shown]
    if granularity == "hour":
        # One hour more than needed: where the clock is put back an hour is there twice.
        earliest = shown[0].begin - timedelta(hours=count + 2)
        hours = list(_hours(earliest, shown[0].begin, timezone))
        return [_hour(second, timezone) for second in hours[-count:]]
    starts = [date.fromisoformat(period.start) for period in shown]
    return [_days(granularity, _next(granularity, start, -count), timezone) for start in starts]


def _week_earlier(day: date, granularity: str) -> date:
    return day - timedelta(days=7)


def _year_earlier(day: date, granularity: str) -> date:
    if granularity == "week":
        year, week, _weekday = day.isocalendar()
        last = date(year - 1, 12, 28).isocalendar().week
        return date.fromisocalendar(year - 1, min(week, last), 1)
    if (day.month, day.day) == (2, 29):
        return date(day.year - 1, 2, 28)
    return day.replace(year=day.year - 1)


def _shifted(period: Period, shift: Shift, timezone: str) -> Period:
    granularity = period.granularity
    if granularity in DEFAULT_DAYS:
        return _days(granularity, shift(date.fromisoformat(period.start), granularity), timezone)
    local = period.begin.astimezone(zone(timezone))
    moved = datetime.combine(shift(local.date(), granularity), local.timetz()).astimezone(UTC)
    if granularity == "minute":
        return _minute(int(moved.timestamp() // 60), timezone)
    return _hour(hour_start(moved, timezone), timezone)
