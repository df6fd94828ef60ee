"""Days and moments in bodies, as a query has them too: text, of years that can be counted with."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from mediaops_common.http.ranges import DAY

__all__ = ["Day", "Moment"]

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LAST_YEAR = 2999
"""Beyond it the arithmetic of zones would overflow."""
BOUNDS = f"must be between {EARLIEST.date()} and {LAST_YEAR}-12-31"


def _is_day(value: Any) -> Any:
    if not isinstance(value, str) or not DAY.fullmatch(value):
        raise ValueError("is not a day of the form YYYY-MM-DD")
    return value


def _begins_with_day(value: Any) -> Any:
    # A number, as text too, would be taken for seconds or for milliseconds, by its size.
    if not isinstance(value, str) or not DAY.match(value):
        raise ValueError("is not an RFC 3339 moment")
    return value


def _is_possible(day: date) -> date:
    if not EARLIEST.year <= day.year <= LAST_YEAR:
        raise ValueError(BOUNDS)
    return day


def _in_utc(moment: datetime) -> datetime:
    if moment < EARLIEST or moment.year > LAST_YEAR:
        raise ValueError(BOUNDS)
    return moment.astimezone(UTC)


Day = Annotated[date, BeforeValidator(_is_day), AfterValidator(_is_possible)]
Moment = Annotated[AwareDatetime, BeforeValidator(_begins_with_day), AfterValidator(_in_utc)]
