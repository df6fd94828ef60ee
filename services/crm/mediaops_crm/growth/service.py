"""Growth accounting over calendar periods."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from mediaops_common.zones import number_of
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.audience.service import View

if TYPE_CHECKING:
    from pyroaring import BitMap

__all__ = ["Growth", "Period", "accounts", "start_of"]

Period = Literal["day", "week", "month"]


class Growth(NamedTuple):
    """One period: its first and last day, and what became of people in it."""

    first: int
    last: int
    active: int
    new: int
    retained: int
    resurrected: int
    churned: int


def start_of(day: date, period: Period) -> date:
    """The first day of the calendar period (an ISO week begins on Monday) that `day` is in."""
    if period == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "month" else day


def next_start(start: date, period: Period) -> date:
    """The first day of the period after the one that begins with `start`."""
    if period == "month":
        return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    return start + timedelta(days=7 if period == "week" else 1)


async def accounts(
    session: AsyncSession, view: View, first: date, last: date, period: Period
) -> list[Growth]:
    """A row for every period that has a day between `first` and `last`; periods are whole."""
    start = start_of(first, period)
    before = start_of(start - timedelta(days=1), period)
    book = _Book(before, period, await view.seen_before(session, number_of(before)))
    end = number_of(next_start(start_of(last, period), period)) - 1
    async for days in view.each(session, number_of(before), end):
        await asyncio.to_thread(book.add, days)
    book.close(end)
    return book.rows[1:]  # the first is the period before, there to be compared with


class _Book:
    """Takes days in order and closes each period when it is over."""

    def __init__(self, start: date, period: Period, seen: "BitMap") -> None:
        self.rows: list[Growth] = []
        self._period: Period = period
        self._spans = self._calendar(start)
        self._first, self._last = next(self._spans)
        self._seen = seen
        self._before = type(seen)()
        self._active = type(seen)()

    def _calendar(self, start: date) -> Iterator[tuple[int, int]]:
        while True:
            following = next_start(start, self._period)
            yield number_of(start), number_of(following) - 1
            start = following

    def add(self, days: "Mapping[int, BitMap]") -> None:
        for day in sorted(days):
            self.close(day - 1)
            self._active |= days[day]

    def close(self, through: int) -> None:
        """Closes every period that is over when the day `through` is."""
        while self._last <= through:
            active, before = self._active, self._before
            new = active.difference_cardinality(self._seen)
            retained = active.intersection_cardinality(before)
            self.rows.append(
                Growth(
                    self._first,
                    self._last,
                    active=len(active),
                    new=new,
                    retained=retained,
                    resurrected=len(active) - new - retained,
                    churned=len(before) - retained,
                )
            )
            self._seen |= active
            self._before, self._active = active, type(active)()
            self._first, self._last = next(self._spans)
