"""What a measurement found: one figure a line, as the middle of several rounds and their spread."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

__all__ = ["Figure", "Sample", "Spread", "percentile", "shown"]

Sample = dict[str, float]
"""What one round of one variant measured, by name."""


@dataclass(frozen=True)
class Spread:
    """The median of the rounds, with the least and the greatest."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median(values), min(values), max(values))

    def __str__(self) -> str:
        middle = shown(self.middle)
        if self.least == self.most:
            return middle
        return f"{middle} [{shown(self.least)}–{shown(self.most)}]"


def shown(value: float) -> str:
    """Three digits that mean something, and thousands told apart."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


@dataclass(frozen=True)
class Figure:
    """One line of the report."""

    group: str
    """What it is about; figures of a group stand together."""
    what: str
    value: Spread
    unit: str
    ratios: dict[str, Spread] = field(default_factory=dict)
    """Bare limit → this figure divided by it, round by round."""
    wanted: str = ""
    """The target in words; empty where there is none."""
    is_met: bool | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "group": self.group,
            "what": self.what,
            "unit": self.unit,
            **_as_json(self.value),
            "ratios": {name: _as_json(spread) for name, spread in self.ratios.items()},
            "wanted": self.wanted or None,
            "met": self.is_met,
        }


def _as_json(spread: Spread) -> dict[str, float]:
    return {"median": spread.middle, "min": spread.least, "max": spread.most}


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
