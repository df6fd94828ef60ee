"""Retention of daily cohorts, in four kinds."""

import asyncio
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from mediaops_common.audience.windows import first_days
from mediaops_common.http import Invalid
from mediaops_common.zones import number_of
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.audience.service import View

if TYPE_CHECKING:
    from pyroaring import BitMap

__all__ = ["DEFAULT_DAYS", "Cohort", "Kind", "Span", "cohorts", "parse_spans"]

MAX_LOOKS = 1_000_000
"""Days of cohorts that one answer may look at: a second's work."""
MAX_SPANS = 400
MAX_DAY = 1_100
"""How far after its first day a cohort is looked at: three years."""

FOREVER = number_of(date.max)


class Kind(StrEnum):
    """When somebody counts as retained after N days."""

    on = "on"
    """Active on the Nth day after the first."""
    on_or_after = "on_or_after"
    """Active on the Nth or any later day."""
    bracket = "bracket"
    """Active at least once from day a to day b."""
    consecutive = "consecutive"
    """Active on each of days 1 to N."""


DEFAULT_DAYS = {kind: "1,7,30" for kind in Kind} | {Kind.bracket: "1-7,8-14,15-28"}


class Span(NamedTuple):
    """Days after the first, inclusive at both ends."""

    token: str
    first: int
    last: int


class Cohort(NamedTuple):
    """Whose first day it was, and how many of them each span retained, in the order asked."""

    day: int
    size: int
    retained: list[int]


Cell = tuple[int, int, int]
"""(cohort, first and last day after it)."""


def parse_spans(days: str, kind: Kind) -> list[Span]:
    """`1,7,30`, or `1-7,8-14` for brackets. Raises Invalid."""
    tokens = [token.strip() for token in days.split(",")]
    if len(tokens) > MAX_SPANS:
        raise Invalid("days", f"has more than {MAX_SPANS} entries")
    return [_parse_span(token, kind) for token in tokens]


def _parse_span(token: str, kind: Kind) -> Span:
    form = r"(\d{1,4})-(\d{1,4})" if kind is Kind.bracket else r"(\d{1,4})()"
    match = re.fullmatch(form, token, re.ASCII)
    if match is None:
        example = "1-7,8-14" if kind is Kind.bracket else "1,7,30"
        raise Invalid("days", f"has the form {example} when kind is {kind}")
    first = int(match[1])
    last = int(match[2]) if match[2] else first
    if kind is Kind.consecutive:
        first = min(1, last)  # "each of no days" holds for everybody, as day 0 does
    if not first <= last <= MAX_DAY:
        raise Invalid("days", f"{token!r} is not between 0 and {MAX_DAY}, in order")
    return Span(token, first, last)


def _lasts(spans: list[Span]) -> dict[int, set[int]]:
    """First day → the last days of the spans that begin with it: they differ only in when they are
    looked at."""
    lasts: dict[int, set[int]] = {}
    for span in spans:
        lasts.setdefault(span.first, set()).add(span.last)
    return lasts


def _looks(spans: list[Span]) -> int:
    """How many days of each cohort are looked at, and cells made."""
    return len(spans) + sum(max(ends) - begin for begin, ends in _lasts(spans).items())


async def cohorts(
    session: AsyncSession, view: View, first: int, last: int, kind: Kind, spans: list[Span]
) -> list[Cohort]:
    """The cohorts of the days from `first` to `last`, without empty ones.

    History is read in slices of days, once for the cohorts and once for who came back, so that
    memory does not grow with it, and gaps cost nothing.
    """
    members: dict[int, BitMap] = {}
    seen = await view.seen_before(session, first)
    async for days in view.each(session, first, last):
        members.update(await asyncio.to_thread(_first_days, days, seen))
    if not members:
        return []
    if len(members) * _looks(spans) > MAX_LOOKS:
        raise Invalid("days", f"looks at more than {MAX_LOOKS:,} days of {len(members):,} cohorts")
    if kind is Kind.on_or_after:
        retained = await _from_then_on(session, view, members, spans)
    else:
        meter = _Meter(kind, spans, members)
        through = max(members) + max(span.last for span in spans)
        for start, end in await view.slices(session, min(members), through):
            days = await view.days(session, start, end)
            await asyncio.to_thread(meter.add, days, start, end)
        retained = meter.retained
    return [
        Cohort(day, len(who), [retained.get((day, span.first, span.last), 0) for span in spans])
        for day, who in members.items()
    ]


def _first_days(days: "Mapping[int, BitMap]", seen: "BitMap") -> "dict[int, BitMap]":
    found = dict(first_days(days, seen, min(days, default=0), max(days, default=-1)))
    for who in found.values():
        seen |= who
    return found


async def _from_then_on(
    session: AsyncSession, view: View, members: "Mapping[int, BitMap]", spans: list[Span]
) -> dict[Cell, int]:
    """From the last applied day back, with everybody who was active since: each cell is one
    comparison, on the day that it begins."""
    due: dict[int, list[Cell]] = {}
    for cohort in members:
        for span in spans:
            due.setdefault(cohort + span.first, []).append((cohort, span.first, span.last))
    waiting = sorted(due)
    since = type(next(iter(members.values())))()
    retained: dict[Cell, int] = {}

    def settle_after(day: int) -> None:
        while waiting and waiting[-1] > day:
            for cell in due[waiting.pop()]:
                retained[cell] = members[cell[0]].intersection_cardinality(since)

    def add(days: "Mapping[int, BitMap]") -> None:
        nonlocal since
        for day in sorted(days, reverse=True):
            settle_after(day)
            since |= days[day]

    first = min(members)
    for start, end in reversed(await view.slices(session, first, FOREVER)):
        await asyncio.to_thread(add, await view.days(session, start, end))
    await asyncio.to_thread(settle_after, first - 1)
    return retained


class _Meter:
    """Takes every day in order and holds, per cohort and first day, who is retained so far."""

    def __init__(self, kind: Kind, spans: list[Span], members: "Mapping[int, BitMap]") -> None:
        self.retained: dict[Cell, int] = {}
        self._kind = kind
        self._members = members
        self._cohorts = sorted(members)
        self._lasts = _lasts(spans)
        self._held: dict[tuple[int, int], BitMap] = {}

    def add(self, days: "Mapping[int, BitMap]", first: int, last: int) -> None:
        for begin, lasts in self._lasts.items():
            end = max(lasts)
            among = (
                bisect_left(self._cohorts, first - end),
                bisect_right(self._cohorts, last - begin),
            )
            for cohort in self._cohorts[slice(*among)]:
                for day in range(max(first, cohort + begin), min(last, cohort + end) + 1):
                    held = self._see(cohort, begin, days.get(day), is_first=day == cohort + begin)
                    if day - cohort in lasts:
                        self.retained[cohort, begin, day - cohort] = len(held)
                    if day == cohort + end:
                        del self._held[cohort, begin]

    def _see(self, cohort: int, begin: int, active: "BitMap | None", *, is_first: bool) -> "BitMap":
        members = self._members[cohort]
        held = type(members)() if active is None else members & active
        if not is_first:
            before = self._held[cohort, begin]
            held = held & before if self._kind is Kind.consecutive else held | before
        self._held[cohort, begin] = held
        return held
