"""A selection over periods as a question to the rollups or to the snapshots."""

from collections.abc import Iterable, Sequence

from mediaops_insights.metrics.periods import Period
from mediaops_insights.metrics.selection import Selection
from mediaops_insights.rollups import service as rollups
from mediaops_insights.snapshots import service as snapshots

__all__ = ["of_rollups", "of_snapshots"]


def of_rollups(
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


def of_snapshots(
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
