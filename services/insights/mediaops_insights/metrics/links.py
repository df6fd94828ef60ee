"""The way back: where the archive shows the events that a cell is made of."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from mediaops_common.activity_types import ACTIVE

from mediaops_insights.metrics.measures import (
    Actors,
    Amount,
    Increase,
    Measure,
    ReportedLevel,
    Residual,
    Tallied,
)
from mediaops_insights.metrics.periods import Period
from mediaops_insights.metrics.selection import Selection

__all__ = ["Behind", "what_is_behind"]

EVENTS = "/ingest/v1/events"

SNAPSHOT = "metrics.snapshot"
"""The type of what platforms report."""

INSTANT = timedelta(microseconds=1)

Span = tuple[str, str]
"""`from` and `to`, as the archive takes them."""


class Behind(NamedTuple):
    """Links into the archive."""

    link: str
    """Everything that the cell is made of."""
    by_type: dict[str, str]
    """Each type for itself."""


def what_is_behind(
    measures: Collection[Measure],
    period: Period,
    selection: Selection,
    currency: str | None,
    types_met: Iterable[str],
    reports: Sequence[datetime],
) -> Behind:
    """Where the events of a cell are: of the activities that happened in its period, and of the
    reports of these moments.

    The archive has a report where it was taken: a daily one usually on the day after, and what a
    level was told by perhaps long before.
    """
    by_type = {
        type_: _link(_span_of(period), selection, {**_of(currency), "type": [type_]})
        for type_ in types_met
    }
    told = [m.metrics for m in measures if isinstance(m, Increase | ReportedLevel | Residual)]
    metric = {"metric": sorted(frozenset().union(*told))}
    if reports:
        by_type[SNAPSHOT] = _link(_span_around(reports), selection, metric)
    if all(isinstance(measure, Increase | ReportedLevel) for measure in measures):
        return Behind(by_type.get(SNAPSHOT) or _link(_span_of(period), selection, metric), by_type)
    span = _span_of(period)
    if reports:
        span = _span_around([*reports, period.begin, period.end - INSTANT])
    return Behind(_link(span, selection, _what(measures, selection, currency, types_met)), by_type)


def _what(
    measures: Collection[Measure],
    selection: Selection,
    currency: str | None,
    types_met: Iterable[str],
) -> dict[str, list[str]]:
    """What the archive must be asked for beside the span, channels, contents and regions."""
    types = _types(measures, types_met)
    if selection.types is not None:
        types = selection.types if types is None else types & selection.types
    if types is None:
        return {"event": ["recorded", "retracted"]}
    return {**_of(currency), "type": sorted(types)}


def _types(measures: Iterable[Measure], types_met: Iterable[str]) -> frozenset[str] | None:
    """The types of the activities that the measures are made of; None for all."""
    found: set[str] = set()
    for measure in measures:
        if isinstance(measure, Amount):
            found |= measure.types
        elif isinstance(measure, Tallied) and measure.weights is not None:
            found |= measure.weights.keys()
        elif isinstance(measure, Residual):
            found |= measure.weights.keys() | {SNAPSHOT}
        elif isinstance(measure, Actors):
            found |= ACTIVE.union(types_met)
        elif isinstance(measure, Increase | ReportedLevel):
            found.add(SNAPSHOT)
        else:
            return None
    return frozenset(found)


def _of(currency: str | None) -> dict[str, list[str]]:
    """Only money of that currency, if there is one."""
    return {} if currency is None else {"currency": [currency]}


def _span_of(period: Period) -> Span:
    if period.granularity in ("minute", "hour"):
        return period.start, _shown(period.end)
    return period.start, period.last_day.isoformat()


def _span_around(moments: Sequence[datetime]) -> Span:
    """From the first to the last of them; `to` is the first moment that is not in it."""
    return _shown(min(moments)), _shown(max(moments) + INSTANT)


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _link(span: Span, selection: Selection, what: Mapping[str, list[str]]) -> str:
    """The archive, asked for what this cell is made of."""
    asked: dict[str, Any] = {"from": span[0], "to": span[1], **what}
    for name, values in (
        ("channel_id", selection.channels),
        ("content", selection.contents),
        ("region", selection.regions),
    ):
        if values is not None:
            asked[name] = sorted(map(str, values))
    if any(values == [] for values in asked.values()):
        asked["type"] = ""  # no event has this type: nothing is behind the cell
    return f"{EVENTS}?{urlencode(asked, doseq=True)}"
