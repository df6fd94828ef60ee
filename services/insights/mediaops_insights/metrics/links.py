"""The way back: where the archive shows the events that a cell is made of."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC
from typing import Any
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

__all__ = ["archive_link", "of_currency", "what_is_behind"]

EVENTS = "/ingest/v1/events"


def what_is_behind(
    measures: Collection[Measure],
    selection: Selection,
    currency: str | None,
    types_met: Iterable[str],
) -> dict[str, list[str]]:
    """What the archive must be asked for beside the period, channels, contents and regions."""
    reported = [m.metrics for m in measures if isinstance(m, Increase | ReportedLevel)]
    if len(reported) == len(measures):
        return {"metric": sorted(frozenset().union(*reported))}
    types = _types(measures, types_met)
    if selection.types is not None:
        types = selection.types if types is None else types & selection.types
    if types is None:
        return {"event": ["recorded", "retracted"]}
    return {**of_currency(currency), "type": sorted(types)}


def _types(measures: Iterable[Measure], types_met: Iterable[str]) -> frozenset[str] | None:
    """The types of the activities that the measures are made of; None for all."""
    found: set[str] = set()
    for measure in measures:
        if isinstance(measure, Amount):
            found |= measure.types
        elif isinstance(measure, Tallied) and measure.weights is not None:
            found |= measure.weights.keys()
        elif isinstance(measure, Residual):
            found |= measure.weights.keys() | {"metrics.snapshot"}
        elif isinstance(measure, Actors):
            found |= ACTIVE.union(types_met)
        elif isinstance(measure, Increase | ReportedLevel):
            found.add("metrics.snapshot")
        else:
            return None
    return frozenset(found)


def of_currency(currency: str | None) -> dict[str, list[str]]:
    """Only money of that currency, if there is one."""
    return {} if currency is None else {"currency": [currency]}


def archive_link(period: Period, selection: Selection, what: Mapping[str, list[str]]) -> str:
    """The archive, asked for what this cell is made of."""
    asked: dict[str, Any] = {"from": period.start, "to": period.last_day.isoformat()}
    if period.granularity in ("minute", "hour"):
        asked["to"] = period.end.astimezone(UTC).isoformat().replace("+00:00", "Z")
    asked |= what
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
