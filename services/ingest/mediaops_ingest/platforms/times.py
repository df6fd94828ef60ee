"""Moments as platforms write them, and which of them can be believed."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any

import msgspec

__all__ = [
    "AHEAD",
    "EARLIEST",
    "first_believable",
    "is_plausible",
    "is_plausible_day",
    "parse_beijing",
    "parse_rfc3339",
    "parse_utc",
    "parse_zoned",
    "seconds_or_milliseconds",
]

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(hours=24)

_FIRST_DAY = EARLIEST.date()

_BEIJING = timezone(timedelta(hours=8))
_LOCAL = "%Y-%m-%d %H:%M:%S"

_MILLISECONDS_FROM = 100_000_000_000
"""As seconds this is the year 5138, as milliseconds 1973."""


_Aware = Annotated[datetime, msgspec.Meta(tz=True)]


def is_plausible(moment: datetime, now: datetime) -> bool:
    """Whether something seen at `now` can have happened at `moment`."""
    return EARLIEST <= moment <= now + AHEAD


def is_plausible_day(day: date, now: datetime) -> bool:
    """Whether it can be spoken of at `now`, up to tomorrow, wherever that begins first: 14 hours
    before UTC."""
    return _FIRST_DAY <= day <= (now + AHEAD + timedelta(hours=14)).date()


def seconds_or_milliseconds(value: Any) -> datetime | None:
    """A Unix time in either unit, as a number or as text; None for anything else."""
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) <= 16):
            return None
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 10**16:
        return None
    try:
        if value >= _MILLISECONDS_FROM:
            return datetime.fromtimestamp(value // 1000, UTC).replace(
                microsecond=value % 1000 * 1000
            )
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def parse_rfc3339(value: Any) -> datetime | None:
    """An aware moment, in UTC, from RFC 3339 text; None for anything else, naive times included."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        return msgspec.convert(value, _Aware).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        return None


def parse_utc(value: Any) -> datetime | None:
    """The same from text that leaves its zone out and means UTC."""
    return parse_rfc3339(value) or parse_rfc3339(f"{value}Z")


def parse_beijing(value: Any) -> datetime | None:
    """A local time without a zone, which platforms of China mean as +08:00 wherever the account
    is; None for anything else."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        return datetime.strptime(value.strip(), _LOCAL).replace(tzinfo=_BEIJING).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_zoned(value: Any, form: str) -> datetime | None:
    """A moment in a form of its own that names its zone; None for anything else."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        return datetime.strptime(value.strip(), form).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def first_believable(received_at: datetime, *moments: datetime | None) -> datetime:
    """The first moment that can be believed; the arrival where none can, because samples and
    tests are dated anyhow."""
    for moment in moments:
        if moment is not None and is_plausible(moment, received_at):
            return moment
    return received_at
