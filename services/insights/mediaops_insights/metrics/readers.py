"""Reads what is no sum over types of activities from where it is kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from mediaops_common.activity_types import makes_active
from mediaops_common.zones import number_of
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.audience import service as audience
from mediaops_insights.fast import GROUP
from mediaops_insights.metrics.asking import of_rollups, of_snapshots
from mediaops_insights.metrics.measures import (
    Actors,
    Amount,
    Freshness,
    Increase,
    Received,
    ReportedLevel,
    Residual,
)
from mediaops_insights.metrics.periods import Period
from mediaops_insights.metrics.selection import Selection
from mediaops_insights.metrics.series import Number, Series, new_series, places_of
from mediaops_insights.quality import service as quality
from mediaops_insights.rollups import service as rollups
from mediaops_insights.snapshots import service as snapshots

__all__ = ["read"]


async def read(
    session: AsyncSession, selection: Selection, shown: Sequence[Period], measure: Any
) -> Series:
    """One measure that is not a sum over activities nor a ratio."""
    if not shown:
        return new_series()
    reader = _READERS[type(measure)]
    series: Series = await reader(session, selection, shown, measure)
    return series


async def _amounts(
    session: AsyncSession, selection: Selection, shown: Sequence[Period], measure: Amount
) -> Series:
    """Groups end with the currency here, whether it is grouped by or not."""
    series, places = new_series(), places_of(shown)
    question = of_rollups(selection, shown, ("currency",), measure.types)
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
    series, places = new_series(), places_of(shown)
    spans = [(period.first, period.last) for period in shown]
    for group in selection.standing_groups():
        whole = selection.channels is None and not selection.group_by
        channels = None if whole else selection.channels_of(group)
        counts = await audience.count_actors(session, selection.workspace_id, channels, spans)
        for number, count in enumerate(counts):
            series[group][number].add(count, 0)
    question = of_rollups(selection, shown, ("type",), None)
    for tally in await rollups.tallies(session, selection.workspace_id, question):
        place = places.get(tally.bucket)
        if place is not None and tally.corrections and makes_active(tally.type or ""):
            series[selection.group(tally.channel)][place].add(0, tally.corrections)
    return series


async def _increases(
    session: AsyncSession, selection: Selection, shown: Sequence[Period], measure: Increase
) -> Series:
    series, places = new_series(), places_of(shown)
    asked = of_snapshots(selection, shown, measure.metrics)
    for report in await snapshots.increase(session, selection.workspace_id, asked):
        place = places.get(report.day)
        if place is not None:
            group = selection.group(report.channel, report.content)
            series[group][place].add(report.value, report.corrections)
    return series


async def _levels(
    session: AsyncSession, selection: Selection, shown: Sequence[Period], measure: ReportedLevel
) -> Series:
    series, places = new_series(), places_of(shown)
    # A period that is not over stands where it stands now; one that has not begun is 0.
    ends = {
        place: number_of(min(period.last_day, selection.today))
        for place, period in enumerate(shown)
        if period.begin <= selection.now
    }
    asked = of_snapshots(selection, shown, measure.metrics)
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
    asked = of_snapshots(selection, shown, measure.metrics)
    asked = asked._replace(first_day=asked.first_day - 1)
    read_on = {
        (report.channel, report.day): report
        for report in await snapshots.readings(session, selection.workspace_id, asked)
    }
    series = new_series()
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
    places = places_of(shown)
    question = of_rollups(selection, shown, ("channel", "type"), frozenset(measure.weights))
    for tally in await rollups.tallies(session, selection.workspace_id, question):
        number = ends.get(tally.channel, {}).get(places.get(tally.bucket, -1))
        if number is not None:
            number.add(-measure.weights[tally.type or ""] * tally.n, tally.corrections)
    return series


async def _received(
    session: AsyncSession, selection: Selection, shown: Sequence[Period], measure: Received
) -> Series:
    series, places = new_series(), places_of(shown)
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
    series = new_series()
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
