"""How a metric is taken: from which source, and what of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "Actors",
    "Amount",
    "Freshness",
    "Increase",
    "Measure",
    "Ratio",
    "Received",
    "ReportedLevel",
    "Residual",
    "Tallied",
]


@dataclass(frozen=True)
class Tallied:
    """A weighted sum over types of activities."""

    of: Literal["n", "total"]
    """`n` counts activities one each, `total` sums their `count`."""
    weights: Mapping[str, int] | None = None
    """Type → what one adds; None: every type adds 1."""


@dataclass(frozen=True)
class Amount:
    """The money that activities of these types carry, in minor units of one currency."""

    types: frozenset[str]


@dataclass(frozen=True)
class Actors:
    """Distinct actors that were active in the period."""


@dataclass(frozen=True)
class Increase:
    """By how much counters that platforms report rose in the period."""

    metrics: frozenset[str]


@dataclass(frozen=True)
class ReportedLevel:
    """What counters that platforms report of channels stood at when the period ended."""

    metrics: frozenset[str]


@dataclass(frozen=True)
class Residual:
    """What a reported level rose by in the period beside what the activities say that it did."""

    metrics: frozenset[str]
    weights: Mapping[str, int]
    """Type of activity → what one adds to the level."""


@dataclass(frozen=True)
class Received:
    """A field of what ingest says of its sources by day received."""

    field: Literal["deliveries", "duplicates"]


@dataclass(frozen=True)
class Freshness:
    """Seconds from the newest receipt to now, or to the end of the period if that is earlier."""


@dataclass(frozen=True)
class Ratio:
    """One metric divided by another, each taken over the whole period."""

    numerator: str
    denominator: str


Measure = (
    Tallied | Amount | Actors | Increase | ReportedLevel | Residual | Received | Freshness | Ratio
)
