"""Answers questions about metrics: reads what they are made of, divides, grades, compares."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mediaops_common.aside import aside
from mediaops_common.http import Invalid
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.metrics.catalogue import CATALOGUE, Metric
from mediaops_insights.metrics.grades import Grades
from mediaops_insights.metrics.measures import Amount, Ratio, Tallied
from mediaops_insights.metrics.periods import Period, compared, minutes, periods
from mediaops_insights.metrics.readers import read
from mediaops_insights.metrics.selection import Group, Selection, in_order
from mediaops_insights.metrics.series import Number, Series
from mediaops_insights.metrics.sums import read_tallied

__all__ = [
    "Cell",
    "Metric",
    "Question",
    "Selection",
    "Tallied",
    "answer",
    "check_dimensions",
    "compared",
    "minutes",
    "periods",
    "read_tallied",
    "wanted_metrics",
]

ZERO = Number()


@dataclass(frozen=True)
class Question:
    """Metrics over periods, each period compared with another if `compared` is given."""

    metrics: Sequence[Metric]
    shown: Sequence[Period]
    compared: Sequence[Period] | None
    selection: Selection
    max_cells: int

    @cached_property
    def others(self) -> dict[Period, int]:
        """The periods compared with, each once, and its place: two may have the same one, such as
        28 and 29 February or an hour that is there twice."""
        return {period: place for place, period in enumerate(dict.fromkeys(self.compared or ()))}


Cell = dict[str, Any]
"""As it is shown."""

Read = dict[str, Series]


def wanted_metrics(names: Iterable[str]) -> list[Metric]:
    """The metrics of these names, each once. Raises Invalid."""
    unique = list(dict.fromkeys(names))
    if not unique:
        raise Invalid("metric", "is required: see /insights/v1/metrics")
    for name in unique:
        if name not in CATALOGUE:
            raise Invalid("metric", f"there is no metric {name[:80]!r}")
    return [CATALOGUE[name] for name in unique]


def check_dimensions(
    metrics: Iterable[Metric], granularity: str, group_by: Iterable[str], filters: Iterable[str]
) -> None:
    """Raises Invalid naming the field that does not go with one of the metrics."""
    for metric in metrics:
        if granularity not in metric.granularities:
            raise Invalid("granularity", f"{metric.name} has {', '.join(metric.granularities)}")
        for field, dimensions in (("group_by", group_by), *((name, [name]) for name in filters)):
            for dimension in dimensions:
                if dimension not in metric.dimensions:
                    raise Invalid(field, f"{metric.name} is not told apart by {dimension}")


async def answer(session: AsyncSession, question: Question) -> list[Cell]:
    """Every cell: by metric, then group, then period, with 0 where nothing was counted."""
    shown = await _read(session, question, question.shown)
    against = None
    if question.compared is not None:
        against = await _read(session, question, list(question.others))
    grades = await Grades.of(session, question.selection)
    size = sum(len(series) for series in shown.values()) * len(question.shown)
    return await aside(size, _put_together, question, shown, against, grades)


def _put_together(
    question: Question, shown: Read, against: Read | None, grades: Grades
) -> list[Cell]:
    cells: list[Cell] = []
    for metric in question.metrics:
        groups = _groups(metric, question.selection, shown, against)
        if len(cells) + len(groups) * len(question.shown) > question.max_cells:
            raise Invalid(
                "group_by", f"the answer has more than {question.max_cells} cells: ask for less"
            )
        for group in groups:
            cells.extend(_cells(metric, question, group, shown, against, grades))
    return cells


async def _read(session: AsyncSession, question: Question, periods: Sequence[Period]) -> Read:
    """Everything that the metrics are made of, over these periods."""
    needed: dict[str, Metric] = {}
    for metric in question.metrics:
        if isinstance(metric.measure, Ratio):
            for part in (metric.measure.numerator, metric.measure.denominator):
                needed[part] = CATALOGUE[part]
        else:
            needed[metric.name] = metric
    tallied = {
        name: metric.measure
        for name, metric in needed.items()
        if isinstance(metric.measure, Tallied)
    }
    found: Read = dict(await read_tallied(session, question.selection, periods, tallied))
    for name, metric in needed.items():
        if name not in tallied:
            found[name] = await read(session, question.selection, periods, metric.measure)
    return found


def _groups(metric: Metric, selection: Selection, shown: Read, against: Read | None) -> list[Group]:
    parts = [metric.name]
    if isinstance(metric.measure, Ratio):
        parts = [metric.measure.numerator, metric.measure.denominator]
    met: set[Group] = set()
    for found in (shown, against or {}):
        for part in parts:
            met.update(found.get(part, {}))
    if isinstance(metric.measure, Amount):
        return _money_groups(selection, met)
    return in_order([*selection.standing_groups(), *met])


def _money_groups(selection: Selection, met: set[Group]) -> list[Group]:
    """Groups of money end with the currency; a group without any has None there."""
    # With one currency alone nobody needs to be told apart; without any it may still be named.
    only = {group[-1] for group in met}
    if selection.currencies is not None and len(selection.currencies) == 1:
        only |= selection.currencies
    quiet = next(iter(only)) if len(only) == 1 else None
    begun = {group[:-1] for group in met}
    standing = [(*group, quiet) for group in selection.standing_groups() if group not in begun]
    return in_order([*met, *standing])


def _cells(
    metric: Metric,
    question: Question,
    group: Group,
    shown: Read,
    against: Read | None,
    grades: Grades,
) -> Iterator[Cell]:
    selection = question.selection
    is_money = isinstance(metric.measure, Amount)
    named = dict(zip(selection.group_by, group, strict=False))
    graded = grades.of_group(group[:-1] if is_money else group, question.shown)
    for place, period in enumerate(question.shown):
        cell: Cell = {
            "metric": metric.name,
            "start": period.start,
            "group": named,
            **_value(metric, shown, group, place),
            "grade": graded[place],
            "corrections": _corrections(metric, shown, group, place),
        }
        if is_money:
            cell["currency"] = group[-1]
        if question.compared is not None and against is not None:
            other = question.compared[place]
            cell["compare"] = {
                "start": other.start,
                **_value(metric, against, group, question.others[other]),
            }
        yield cell


def _number(read_now: Read, name: str, group: Group, place: int) -> Number:
    return read_now[name].get(group, {}).get(place, ZERO)


def _value(metric: Metric, read_now: Read, group: Group, place: int) -> Cell:
    measure = metric.measure
    if not isinstance(measure, Ratio):
        return {"value": _number(read_now, metric.name, group, place).value}
    numerator = _number(read_now, measure.numerator, group, place).value or 0
    denominator = _number(read_now, measure.denominator, group, place).value or 0
    return {
        "value": numerator / denominator if denominator else None,
        "numerator": numerator,
        "denominator": denominator,
    }


def _corrections(metric: Metric, read_now: Read, group: Group, place: int) -> int:
    measure = metric.measure
    if not isinstance(measure, Ratio):
        return _number(read_now, metric.name, group, place).corrections
    parts = (measure.numerator, measure.denominator)
    return sum(_number(read_now, part, group, place).corrections for part in parts)
