"""Numbers by group and period, as they are read and before they are divided, graded and shown."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from mediaops_insights.metrics.periods import Period
from mediaops_insights.metrics.selection import Group

__all__ = ["Number", "Series", "new_series", "places_of"]


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


def new_series() -> Series:
    return defaultdict(lambda: defaultdict(Number))


def places_of(shown: Sequence[Period]) -> dict[int, int]:
    """Bucket → place of its period."""
    return {
        bucket: place
        for place, period in enumerate(shown)
        for bucket in range(period.first, period.last + 1)
    }
