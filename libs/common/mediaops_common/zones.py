"""Days and hours in a workspace's time zone, cut from moments."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

__all__ = [
    "day_end",
    "day_number",
    "day_of",
    "day_start",
    "hour_end",
    "hour_start",
    "number_day",
    "number_of",
    "zone",
]

_EPOCH = date(1970, 1, 1).toordinal()
_QUARTER = 900


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The zone of that IANA name. Raises `zoneinfo.ZoneInfoNotFoundError` or ValueError."""
    return ZoneInfo(name)


@lru_cache(maxsize=65536)
def _offset(name: str, quarter: int) -> int:
    """Seconds east of UTC in the quarter of an hour that begins at `quarter * 900`.

    No zone since 1972 changes its offset inside a quarter of an hour, so that a day costs at most
    96 look-ups however many events it has.
    """
    moment = datetime.fromtimestamp(quarter * _QUARTER, UTC).astimezone(zone(name))
    offset = moment.utcoffset()
    assert offset is not None  # an aware moment always has one
    return int(offset.total_seconds())


def _local_seconds(moment: datetime, name: str) -> tuple[int, int]:
    seconds = int(moment.timestamp() // 1)
    offset = _offset(name, seconds // _QUARTER)
    return seconds + offset, offset


def day_number(moment: datetime, name: str) -> int:
    """The local day as days since 1970-01-01: what bitmaps and rollups are keyed by."""
    return _local_seconds(moment, name)[0] // 86_400


def day_of(moment: datetime, name: str) -> date:
    """The local day of a moment."""
    return number_day(day_number(moment, name))


def number_day(number: int) -> date:
    """The day of a day number."""
    return date.fromordinal(_EPOCH + number)


def number_of(day: date) -> int:
    """The day number of a day."""
    return day.toordinal() - _EPOCH


def hour_start(moment: datetime, name: str) -> int:
    """The Unix time at which the local hour of `moment` began (half-hour zones included).

    Where a clock moves by half an hour, the move begins an hour of its own.
    """
    local, offset = _local_seconds(moment, name)
    quarter = (local // 3_600 * 3_600 - offset) // _QUARTER
    while _offset(name, quarter) != offset:
        quarter += 1
    return quarter * _QUARTER


def hour_end(begun: int, name: str) -> int:
    """The Unix time at which the local hour that began at the Unix time `begun` ends."""
    quarter = begun // _QUARTER
    offset = _offset(name, quarter)
    end = ((begun + offset) // 3_600 + 1) * 3_600 - offset
    while quarter * _QUARTER < end and _offset(name, quarter) == offset:
        quarter += 1
    return min(quarter * _QUARTER, end)


def day_start(day: date, name: str) -> datetime:
    """The moment at which a local day begins, in UTC."""
    return datetime.combine(day, time(), tzinfo=zone(name)).astimezone(UTC)


def day_end(day: date, name: str) -> datetime:
    """The moment at which a local day ends (23, 24 or 25 hours after it began)."""
    return day_start(day + timedelta(days=1), name)
