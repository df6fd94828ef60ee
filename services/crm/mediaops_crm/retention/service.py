"""Retention of daily cohorts, in four kinds."""

import asyncio
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from mediaops_common.audience.windows import first_days
from mediaops_common.http import Invalid
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.audience.service import View

if TYPE_CHECKING:
    from pyroaring import BitMap

__all__ = ["DEFAULT_DAYS", "Cohort", "Kind", "Span", "cohorts", "parse_spans"]

MAX_COHORTS = 400
"""Cohort days in one answer."""
MAX_SPANS = 400
MAX_DAY = 1_100
"""How far after its first day a cohort is looked at: three years."""

SLICE = 64


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
    """Whose first day it was, and how many of them each span retained."""

    day: int
    size: int
    retained: dict[Span, int]


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
        first = 1
    if not first <= last <= MAX_DAY:
        raise Invalid("days", f"{token!r} is not between 0 and {MAX_DAY}, in order")
    return Span(token, first, last)


async def cohorts(
    session: AsyncSession, view: View, first: int, last: int, kind: Kind, spans: list[Span]
) -> list[Cohort]:
    """The cohorts of the days from `first` to `last`, without empty ones.

    History is read in slices of days, once for the cohorts and once for who came back, so that
    memory does not grow with it.
    """
    members: dict[int, BitMap] = {}
    seen = await view.seen_before(session, first)
    async for days in view.each(session, first, last):
        members.update(await asyncio.to_thread(_first_days, days, seen))
    if not members:
        return []
    if kind is Kind.on_or_after:
        retained = await _from_then_on(session, view, members, spans)
    else:
        meter = _Meter(kind, spans, members)
        end = max(members) + max(span.last for span in spans)
        for start in range(min(members), end + 1, SLICE):
            through = min(start + SLICE - 1, end)
            days = await view.days(session, start, through) if start <= view.today + 1 else {}
            await asyncio.to_thread(meter.add, days, start, through)
        retained = meter.retained
    return [
        Cohort(day, len(who), {span: retained.get((day, span), 0) for span in spans})
        for day, who in members.items()
    ]


def _first_days(days: "Mapping[int, BitMap]", seen: "BitMap") -> "dict[int, BitMap]":
    found = dict(first_days(days, seen, min(days, default=0), max(days, default=-1)))
    for who in found.values():
        seen |= who
    return found


async def _from_then_on(
    session: AsyncSession, view: View, members: "Mapping[int, BitMap]", spans: list[Span]
) -> dict[tuple[int, Span], int]:
    """From the last applied day back, with everybody who was active since: each cell is one
    comparison, on the day that it begins."""
    due: dict[int, list[tuple[int, Span]]] = {}
    for cohort in members:
        for span in spans:
            due.setdefault(cohort + span.first, []).append((cohort, span))
    since = type(next(iter(members.values())))()
    retained: dict[tuple[int, Span], int] = {}

    def add(days: "Mapping[int, BitMap]", first: int, last: int) -> None:
        nonlocal since
        for day in range(last, first - 1, -1):
            if day in days:
                since |= days[day]
            for cohort, span in due.get(day, ()):
                retained[cohort, span] = members[cohort].intersection_cardinality(since)

    first, last = min(members), await view.last_day(session)
    for end in range(last, first - 1, -SLICE):
        start = max(first, end - SLICE + 1)
        days = await view.days(session, start, end)
        await asyncio.to_thread(add, days, start, end)
    return retained


class _Meter:
    """Takes every day in order and holds, per cohort and span, who is retained so far."""

    def __init__(self, kind: Kind, spans: list[Span], members: "Mapping[int, BitMap]") -> None:
        self.retained: dict[tuple[int, Span], int] = {}
        self._kind = kind
        self._spans = spans
        self._members = members
        self._held: dict[tuple[int, Span], BitMap] = {}

    def add(self, days: "Mapping[int, BitMap]", first: int, last: int) -> None:
        for day in range(first, last + 1):
            active = days.get(day)
            for span in self._spans:
                for cohort in range(day - span.last, day - span.first + 1):
                    if cohort in self._members:
                        self._see(cohort, span, active, is_last=day == cohort + span.last)

    def _see(self, cohort: int, span: Span, active: "BitMap | None", *, is_last: bool) -> None:
        members, key = self._members[cohort], (cohort, span)
        came = type(members)() if active is None else members & active
        held = self._held.get(key)
        if held is not None:
            came = came & held if self._kind is Kind.consecutive else came | held
        if is_last:
            self._held.pop(key, None)
            self.retained[key] = len(came)
        else:
            self._held[key] = came
