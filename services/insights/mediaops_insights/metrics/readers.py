"""Reads measures from where they are kept, as numbers by group and period."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mediaops_common.activity_types import makes_active
from mediaops_common.aside import aside
from mediaops_common.zones import number_of
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.audience import service as audience
from mediaops_insights.fast import GROUP
from mediaops_insights.metrics.measures import (
    Actors,
    Amount,
    Freshness,
    Increase,
    Received,
    ReportedLevel,
    Residual,
    Tallied,
)
from mediaops_insights.metrics.periods import Period
from mediaops_insights.metrics.selection import Group, Selection
from mediaops_insights.quality import service as quality
from mediaops_insights.rollups import service as rollups
from mediaops_insights.snapshots import service as snapshots

__all__ = ["Number", "Series", "read", "read_tallied"]


@dataclass
class Number:
    """One cell's number so far."""

    value: int | None = 0
    corrections: int = 0

    def add(self, value: int, corrections: int) -> None:
        self.value = (self.value or 0) + value
        self.corrections += corrections


Series = dict[Group, dict[int, Number]]
"""Group → place of the period → number. What is absent is 0."""


def _series() -> Series:
    return defaultdict(lambda: defaultdict(Number))


def _places(shown: Sequence[Period]) -> dict[int, int]:
    """Bucket → place of its period."""
    return {
        bucket: place
        for place, period in enumerate(shown)
        for bucket in range(period.first, period.last + 1)
    }


def _question(
    selection: Selection,
    shown: Sequence[Period],
    by: Iterable[str],
    types: frozenset[str] | None,
) -> rollups.Question:
    granularity = shown[0].granularity
    if selection.types is not None:
        types = selection.types if types is None else types & selection.types
    told = set(selection.group_by) & {"content", "type", "region"}
    if selection.by_channel:
        told.add("channel")
    return rollups.Question(
        granularity if granularity in ("minute", "hour") else "day",
        min(period.first for period in shown),
        max(period.last for period in shown),
        by=frozenset(told.union(by)),
        channels=selection.channels,
        contents=selection.contents,
        types=types,
        regions=selection.regions,
        currencies=selection.currencies,
    )


async def read_tallied(
    session: AsyncSession,
    selection: Selection,
    shown: Sequence[Period],
    measures: Mapping[str, Tallied],
) -> dict[str, Series]:
    """Several sums over types of activities, in one reading."""
    found = {name: _series() for name in measures}
    if not shown or not measures:
        return found
    types: frozenset[str] | None = frozenset()
    for measure in measures.values():
        types = None if types is None or measure.weights is None else types.union(measure.weights)
    weighed = {frozenset((measure.weights or {}).items()) for measure in measures.values()}
    is_even = len(weighed) == 1 and all(
        set((measure.weights or {}).values()) <= {1} for measure in measures.values()
    )
    by = () if is_even else ("type",)
    question = _question(selection, shown, by, types)
    tallies = await rollups.tallies(session, selection.workspace_id, question)
    await aside(len(tallies), _weigh, found, tallies, selection, _places(shown), measures)
    return found


def _weigh(
    found: dict[str, Series],
    tallies: Iterable[rollups.Tally],
    selection: Selection,
    places: Mapping[int, int],
    measures: Mapping[str, Tallied],
) -> None:
    for tally in tallies:
        place = places.get(tally.bucket)
        if place is None:
            continue
        group = selection.group(tally.channel, tally.content, tally.type, tally.region)
        for name, measure in measures.items():
            weight = 1
            if measure.weights is not None and tally.type is not None:
                weight = measure.weights.get(tally.type, 0)
            if weight:
                value = tally.n if measure.of == "n" else tally.total
                found[name][group][place].add(weight * value, tally.corrections)


async def read(
    session: AsyncSession, selection: Selection, shown: Sequence[Period], measure: Any
) -> Series:
    """One measure that is not a sum over activities nor a ratio."""
    if not shown:
        return _series()
    reader = _READERS[type(measure)]
    series: Series = await reader(session, selection, shown, measure)
    return series


async def _amounts(
    session: AsyncSession, selection: Selection, shown: Sequence[Period], measure: Amount
) -> Series:
    """Groups end with the currency here, whether it is grouped by or not."""
    series, places = _series(), _places(shown)
    question = _question(selection, shown, ("currency",), measure.types)
    for money in await rollups.money(session, selection.workspace_id, question):
        place = places.get(money.bucket)
        if place is not None:
            group = selection.group(
                money.channel, money.content, money.type, money.region, money.currency
            )
            series[*group, money.currency][place].add(money.amount, money.corrections)
    return series


async def _actors(
    session: AsyncSession, selection: Selection, shown: Sequence[Period], _measure: Actors
) -> Series:
    series, places = _series(), _places(shown)
    spans = [(period.first, period.last) for period in shown]
    for group in selection.standing_groups():
        whole = selection.channels is None and not selection.group_by
        channels = None if whole else selection.channels_of(group)
        counts = await audience.count_actors(session, selection.workspace_id, channels, spans)
        for number, count in enumerate(counts):
            series[group][number].add(count, 0)
    question = _question(selection, shown, ("type",), None)
    for tally in await rollups.tallies(session, selection.workspace_id, question):
        place = places.get(tally.bucket)
        if place is not None and tally.corrections and makes_active(tally.type or ""):
            series[selection.group(tally.channel)][place].add(0, tally.corrections)
    return series


def _asked(
    selection: Selection, shown: Sequence[Period], metrics: frozenset[str]
) -> snapshots.Asked:
    return snapshots.Asked(
        metrics,
        min(period.first for period in shown),
        max(period.last for period in shown),
        selection.channels,
        selection.contents,
        "content" in selection.group_by,
    )


async def _increases(
    session: AsyncSession, selection: Selection, shown: Sequence[Period], measure: Increase
) -> Series:
    series, places = _series(), _places(shown)
    asked = _asked(selection, shown, measure.metrics)
    for report in await snapshots.increase(session, selection.workspace_id, asked):
        place = places.get(report.day)
        if place is not None:
            group = selection.group(report.channel, report.content)
            series[group][place].add(report.value, report.corrections)
    return series


async def _levels(
    session: AsyncSession, selection: Selection, shown: Sequence[Period], measure: ReportedLevel
) -> Series:
    series, places = _series(), _places(shown)
    # A period that is not over stands where it stands now; one that has not begun is 0.
    ends = {
        place: number_of(min(period.last_day, selection.today))
        for place, period in enumerate(shown)
        if period.begin <= selection.now
    }
    asked = _asked(selection, shown, measure.metrics)
    for report in await snapshots.level(session, selection.workspace_id, asked):
        place = places.get(report.day)
        if place in ends:
            value = report.value if report.day == ends[place] else 0
            series[selection.group(report.channel)][place].add(value, report.corrections)
    return series


async def _residuals(
    session: AsyncSession, selection: Selection, shown: Sequence[Period], measure: Residual
) -> Series:
    """Of the channels that were read when the period ended and on the day before it began."""
    asked = _asked(selection, shown, measure.metrics)
    asked = asked._replace(first_day=asked.first_day - 1)
    read_on = {
        (report.channel, report.day): report
        for report in await snapshots.readings(session, selection.workspace_id, asked)
    }
    series = _series()
    for group in selection.standing_groups():
        series[group] = {place: Number(None) for place in range(len(shown))}
    ends: dict[Any, dict[int, Number]] = {}
    for channel in {channel for channel, _ in read_on}:
        numbers = series[selection.group(channel)]
        for place, period in enumerate(shown):
            begun = read_on.get((channel, period.first - 1))
            ended = read_on.get((channel, period.last))
            if begun is not None and ended is not None:
                numbers[place].add(ended.value - begun.value, ended.corrections)
                ends.setdefault(channel, {})[place] = numbers[place]
    places = _places(shown)
    question = _question(selection, shown, ("channel", "type"), frozenset(measure.weights))
    for tally in await rollups.tallies(session, selection.workspace_id, question):
        number = ends.get(tally.channel, {}).get(places.get(tally.bucket, -1))
        if number is not None:
            number.add(-measure.weights[tally.type or ""] * tally.n, tally.corrections)
    return series


async def _received(
    session: AsyncSession, selection: Selection, shown: Sequence[Period], measure: Received
) -> Series:
    series, places = _series(), _places(shown)
    rows = await quality.days(
        session,
        selection.workspace_id,
        min(period.first for period in shown),
        max(period.last for period in shown),
        selection.channels,
    )
    for row in rows:
        place = places.get(row.day)
        if place is not None:
            value = getattr(row, measure.field)
            series[selection.group(row.channel_id)][place].add(value, 0)
    return series


async def _freshness(
    session: AsyncSession, selection: Selection, shown: Sequence[Period], _measure: Freshness
) -> Series:
    last = max(period.last for period in shown)
    received = await quality.newest_received(session, selection.workspace_id, last)
    applied = await quality.newest_applied(session, GROUP, selection.workspace_id)
    series = _series()
    for group in selection.standing_groups():
        channels: set[Any] = set(selection.channels_of(group))
        if selection.channels is None and not selection.group_by:
            channels |= received.keys() | applied.keys()
        for place, period in enumerate(shown):
            newest = [
                moment
                for channel in channels
                for day, moment in received.get(channel, {}).items()
                if day <= period.last
            ]
            if period.begin <= selection.now < period.end:
                newest += [applied[channel] for channel in channels if channel in applied]
            series[group][place] = Number(_age(newest, period, selection.now))
    return series


def _age(newest: list[datetime], period: Period, now: datetime) -> int | None:
    if not newest or period.begin > now:
        return None
    return max(0, int((min(now, period.end) - max(newest)).total_seconds()))


_READERS: dict[type, Any] = {
    Amount: _amounts,
    Actors: _actors,
    Increase: _increases,
    ReportedLevel: _levels,
    Residual: _residuals,
    Received: _received,
    Freshness: _freshness,
}
