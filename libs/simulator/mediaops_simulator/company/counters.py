"""The platforms' own counters, as they show them every evening."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from random import Random
from typing import Literal
from zoneinfo import ZoneInfo

from mediaops_simulator.company.acts import Act
from mediaops_simulator.company.cast import ACCOUNTS
from mediaops_simulator.company.library import Library

__all__ = ["Counters", "Level"]

_EVENING = time(23, 50)
_WATCHED_FOR = 10
"""Days after which a piece's views are no longer asked for."""

_BEFORE = {"kitchen": 48_200, "fields": 9_310, "ahe": 15_020, "service": 22_600, "notes": 1_840}
"""Followers from before the story begins."""


@dataclass(frozen=True, slots=True)
class Level:
    """One counter at one time."""

    account: str
    metric: str
    value: int
    kind: Literal["cumulative", "gauge"]
    at: int
    content: str | None = None

    @property
    def place(self) -> tuple[object, ...]:
        """What it speaks of: of two that speak of the same, the later word stands."""
        return self.account, self.content, self.metric, self.kind, self.at


@dataclass(slots=True)
class Counters:
    seed: int
    zone: ZoneInfo
    followers: Counter[str] = field(default_factory=lambda: Counter(_BEFORE))
    views: Counter[str] = field(default_factory=Counter)

    def evening(self, day: int, date_: date, acts: Iterable[Act], library: Library) -> list[Level]:
        """What the platforms show at the end of that day, of which `acts` are the acts."""
        rng = Random(f"{self.seed}:counters:{day}")
        for act in acts:
            self.followers[act.account] += (act.type == "follow.created") - (
                act.type == "follow.removed"
            )
        at = int(datetime.combine(date_, _EVENING, tzinfo=self.zone).timestamp())
        levels = [
            Level(account.key, "followers", self.followers[account.key], "gauge", at)
            for account in ACCOUNTS
            if account.platform != "site"
        ]
        for account in ACCOUNTS:
            if account.platform != "douyin":
                continue
            for piece in library.pieces.get(account.key, ()):
                age = day - piece.day
                if 0 <= age < _WATCHED_FOR and piece.at < at:
                    appeal = 60 if piece.is_hit else 1
                    self.views[piece.external_id] += int(
                        rng.expovariate(1) * 9_000 * appeal / (1 + age)
                    )
                    value = self.views[piece.external_id]
                    levels.append(
                        Level(account.key, "views", value, "cumulative", at, piece.external_id)
                    )
        return levels
