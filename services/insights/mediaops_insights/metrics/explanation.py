"""Explains one cell: the formula filled in, what was counted, and the way back to its events."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC
from operator import add
from typing import Any

from mediaops_common.activity_types import makes_active
from mediaops_common.http import Invalid
from mediaops_common.zones import number_day, number_of
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.metrics import service
from mediaops_insights.metrics.catalogue import CATALOGUE, Metric
from mediaops_insights.metrics.links import what_is_behind
from mediaops_insights.metrics.measures import (
    Actors,
    Amount,
    Increase,
    Ratio,
    Received,
    ReportedLevel,
    Residual,
    Tallied,
)
from mediaops_insights.metrics.periods import Period
from mediaops_insights.metrics.schemas import CountsRead, ExplanationRead
from mediaops_insights.metrics.selection import Selection
from mediaops_insights.quality import service as quality
from mediaops_insights.rollups import service as rollups
from mediaops_insights.snapshots import service as snapshots

__all__ = ["explain"]

MOST_ROWS = 200

ROW_COUNTS = ("n", "total", "corrections", "late", "retracted")


async def explain(
    session: AsyncSession,
    metric: Metric,
    period: Period,
    selection: Selection,
    filters: dict[str, list[str]],
) -> ExplanationRead:
    """The story of one cell."""
    question = service.Question([metric], [period], None, selection, max_cells=100)
    cells = await service.answer(session, question)
    if len(cells) > 1:
        raise Invalid("currency", "there are several: name one")
    cell = cells[0]
    rows = await _rows(session, metric, period, selection)
    counted = [row for row in rows if "n" in row]
    types_met = sorted({str(row["type"]) for row in counted})
    currency = cell.get("currency")
    measures = [part.measure for part in _parts(metric)]
    reports = [as_of for row in rows for as_of in row.get("as_of", ())]
    behind = what_is_behind(measures, period, selection, currency, types_met, reports)
    return ExplanationRead(
        metric=metric.name,
        name_zh=metric.name_zh,
        version=metric.version,
        granularity=period.granularity,
        start=period.start,
        end=period.end.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        filters=filters,
        value=cell["value"],
        numerator=cell.get("numerator"),
        denominator=cell.get("denominator"),
        currency=currency,
        grade=cell["grade"],
        corrections=cell["corrections"],
        formula=metric.formula,
        filled=_filled(metric, cell, rows),
        counts=CountsRead(
            applied=sum(row["n"] + row["retracted"] for row in counted),
            repeated=await _repeated(session, period, selection),
            late=sum(row["late"] for row in counted),
            corrected=cell["corrections"],
            retracted=sum(row["retracted"] for row in counted),
        ),
        rows=rows[:MOST_ROWS],
        rows_left_out=max(0, len(rows) - MOST_ROWS),
        events=behind.link,
        events_by_type=behind.by_type,
    )


async def _rows(
    session: AsyncSession, metric: Metric, period: Period, selection: Selection
) -> list[dict[str, Any]]:
    """The rows behind the metric, the largest first."""
    rows: list[dict[str, Any]] = []
    for part in _parts(metric):
        rows += [
            {**row, "of": part.name} for row in await _behind(session, part, period, selection)
        ]
    rows.sort(key=lambda row: -abs(row.get("n", row.get("value", 0))))
    return rows


def _parts(metric: Metric) -> list[Metric]:
    if isinstance(metric.measure, Ratio):
        return [CATALOGUE[metric.measure.numerator], CATALOGUE[metric.measure.denominator]]
    return [metric]


async def _behind(
    session: AsyncSession, metric: Metric, period: Period, selection: Selection
) -> list[dict[str, Any]]:
    measure = metric.measure
    if isinstance(measure, Tallied | Actors | Amount):
        return await _activities(session, measure, period, selection)
    if isinstance(measure, Increase | ReportedLevel):
        return await _reports(session, measure, period, selection)
    if isinstance(measure, Residual):
        read = await _reports(session, measure, period, selection)
        ends = {number_day(period.first - 1).isoformat(), number_day(period.last).isoformat()}
        read = [row for row in read if row["day"] in ends]
        days = Counter(row["channel"] for row in read)
        followed = await _activities(session, Tallied("n", measure.weights), period, selection)
        return [row for row in (*read, *followed) if days[row["channel"]] == len(ends)]
    if isinstance(measure, Received):
        return await _source_days(session, measure, period, selection)
    return []


async def _activities(
    session: AsyncSession, measure: Tallied | Actors | Amount, period: Period, selection: Selection
) -> list[dict[str, Any]]:
    types: frozenset[str] | None = None
    if isinstance(measure, Amount):
        types = measure.types
    elif isinstance(measure, Tallied) and measure.weights is not None:
        types = frozenset(measure.weights)
    if selection.types is not None:
        types = selection.types if types is None else types & selection.types
    granularity = period.granularity
    question = rollups.Question(
        granularity if granularity in ("minute", "hour") else "day",
        period.first,
        period.last,
        by=frozenset({"channel", "content", "type", "region"}),
        channels=selection.channels,
        contents=selection.contents,
        types=types,
        regions=selection.regions,
        currencies=selection.currencies,
    )
    if isinstance(measure, Amount):
        question = rollups.with_currency(question)
        money = await rollups.money(session, selection.workspace_id, question)
        return [_shown(one._asdict()) for one in _summed(money)]
    tallies = await rollups.tallies(session, selection.workspace_id, question)
    return [
        _shown(tally._asdict())
        for tally in _summed(tallies)
        if not isinstance(measure, Actors) or makes_active(tally.type or "")
    ]


def _summed(rows: Iterable[Any]) -> list[Any]:
    """The days of a week or month as one row, of tallies or of money."""
    sums: dict[tuple[Any, ...], Any] = {}
    width = len(ROW_COUNTS)
    for row in rows:
        names, counts = row[1:-width], row[-width:]
        known = sums.get(names)
        if known is not None:
            counts = tuple(map(add, known[-width:], counts))
        sums[names] = type(row)(row[0], *names, *counts)
    return list(sums.values())


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    del row["bucket"]
    row["channel"] = None if row["channel"] is None else str(row["channel"])
    return row


async def _reports(
    session: AsyncSession,
    measure: Increase | ReportedLevel | Residual,
    period: Period,
    selection: Selection,
) -> list[dict[str, Any]]:
    first, last, read = period.first, period.last, snapshots.increase
    if isinstance(measure, ReportedLevel):
        first = last = min(last, number_of(selection.today))
        read = snapshots.level
    elif isinstance(measure, Residual):
        first, read = first - 1, snapshots.readings
    asked = snapshots.Asked(measure.metrics, first, last, selection.channels, selection.contents)
    return [
        {
            "day": number_day(report.day).isoformat(),
            "channel": str(report.channel),
            "content": report.content,
            "value": report.value,
            "corrections": report.corrections,
            "as_of": report.as_of,
        }
        for report in await read(session, selection.workspace_id, asked)
    ]


async def _source_days(
    session: AsyncSession, measure: Received, period: Period, selection: Selection
) -> list[dict[str, Any]]:
    rows = await quality.days(
        session, selection.workspace_id, period.first, period.last, selection.channels
    )
    return [
        {
            "day": number_day(row.day).isoformat(),
            "source_id": str(row.source_id),
            "channel": None if row.channel_id is None else str(row.channel_id),
            "value": getattr(row, measure.field),
        }
        for row in rows
    ]


async def _repeated(session: AsyncSession, period: Period, selection: Selection) -> int:
    days = (period.first, period.last)
    if period.granularity in ("minute", "hour"):
        days = (number_of(period.last_day), number_of(period.last_day))
    rows = await quality.days(session, selection.workspace_id, *days, selection.channels)
    return sum(row.duplicates for row in rows)


def _filled(metric: Metric, cell: dict[str, Any], rows: Iterable[dict[str, Any]]) -> str:
    measure, value = metric.measure, cell["value"]
    if isinstance(measure, Ratio):
        shown = "null" if value is None else f"{value:.6g}"
        return (
            f"{measure.numerator} {cell['numerator']} / "
            f"{measure.denominator} {cell['denominator']} = {shown}"
        )
    if isinstance(measure, Residual) and value is not None:
        net = sum(measure.weights[row["type"]] * row["n"] for row in rows if "n" in row)
        return f"{metric.name} = {value + net} reported - {net} counted = {value}"
    if not isinstance(measure, Tallied) or measure.weights is None:
        return f"{metric.name} = {'null' if value is None else value}"
    by_type: dict[str, int] = dict.fromkeys(measure.weights, 0)
    for row in rows:
        by_type[row["type"]] += row["n"] if measure.of == "n" else row["total"]
    terms = "".join(
        f" {'+' if measure.weights[type_] > 0 else '-'} {type_} {number}"
        for type_, number in by_type.items()
    )
    return f"{metric.name} ={terms.removeprefix(' +')} = {value}"
