"""Runs variants in turns: in every round each of them once, in another order each time."""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from mediaops_bench.figures import Sample, Spread

__all__ = ["Effort", "Rounds", "in_turns"]


@dataclass(frozen=True)
class Effort:
    """How much is measured. The defaults give figures to quote; tests ask for a hundredth."""

    rounds: int = 5
    seconds: float = 120.0
    """How long the whole system is under load."""
    scale: float = 1.0
    """A factor for counts of activities, actors and channels, and for short rounds."""

    def count(self, usual: int, least: int = 1) -> int:
        return max(least, int(usual * self.scale))

    @property
    def round_seconds(self) -> float:
        """How long one variant of the door is under load in one round."""
        return max(0.2, 2.0 * min(1.0, self.scale))


@dataclass(frozen=True)
class Rounds:
    """The samples of every variant, round by round."""

    samples: Mapping[str, list[Sample]]

    def spread(self, variant: str, name: str) -> Spread:
        return Spread.of([sample[name] for sample in self.samples[variant]])

    def ratio(self, variant: str, to: str, name: str) -> Spread:
        """The variant divided by another, round by round: what slowed both cancels out."""
        pairs = zip(self.samples[variant], self.samples[to], strict=True)
        return Spread.of([one[name] / other[name] for one, other in pairs if other[name]])


async def in_turns(variants: Mapping[str, Callable[[], Awaitable[Sample]]], rounds: int) -> Rounds:
    """Every variant once a round. The order is shuffled, so that none always follows another."""
    order, shuffler = list(variants), random.Random(1)
    samples: dict[str, list[Sample]] = {name: [] for name in variants}
    for _ in range(rounds):
        shuffler.shuffle(order)
        for name in order:
            samples[name].append(await variants[name]())
    return Rounds(samples)
