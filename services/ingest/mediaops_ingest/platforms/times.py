"""Moments as platforms write them, and which of them can be believed."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec

__all__ = ["AHEAD", "EARLIEST", "is_plausible", "parse_rfc3339", "seconds_or_milliseconds"]

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(hours=24)

_MILLISECONDS_FROM = 100_000_000_000
"""As seconds this is the year 5138, as milliseconds 1973."""


_Aware = Annotated[datetime, msgspec.Meta(tz=True)]


def is_plausible(moment: datetime, now: datetime) -> bool:
    """Whether something seen at `now` can have happened at `moment`."""
    return EARLIEST <= moment <= now + AHEAD


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
