"""Sums over types of activities, several in one reading."""

from collections.abc import Iterable, Mapping, Sequence

from mediaops_common.aside import aside
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.metrics.asking import of_rollups
from mediaops_insights.metrics.measures import Tallied
from mediaops_insights.metrics.periods import Period
from mediaops_insights.metrics.selection import Selection
from mediaops_insights.metrics.series import Series, new_series, places_of
from mediaops_insights.rollups import service as rollups

__all__ = ["read_tallied"]


async def read_tallied(
    session: AsyncSession,
    selection: Selection,
    shown: Sequence[Period],
    measures: Mapping[str, Tallied],
) -> dict[str, Series]:
    """Several sums over types of activities, in one reading."""
    found = {name: new_series() for name in measures}
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
    question = of_rollups(selection, shown, by, types)
    tallies = await rollups.tallies(session, selection.workspace_id, question)
    await aside(len(tallies), _weigh, found, tallies, selection, places_of(shown), measures)
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
