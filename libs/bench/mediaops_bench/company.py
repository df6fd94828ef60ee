"""The company whose traffic is measured: many accounts, people who return, people who are new."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate, count
from typing import Any
from uuid import uuid4

__all__ = ["CHANNELS", "Company", "account"]

CHANNELS = 200
KNOWN_ACTORS = 20_000
NEW_SHARE = 0.06
"""Of the activities, how many are the first of their actor."""
CONTENTS = 10
"""Of each channel; the newest is the most popular."""

TYPES = {
    "view.recorded": 60,
    "play.completed": 8,
    "like.created": 18,
    "comment.created": 4,
    "share.created": 3,
    "favourite.created": 2,
    "follow.created": 3,
    "follow.removed": 1,
    "order.paid": 1,
}
REGIONS = {"CN-GD": 5, "CN-ZJ": 4, "CN-JS": 3, "CN-BJ": 2, "CN-SH": 2, "CN-SC": 1}


def account(number: int) -> dict[str, Any]:
    """One of its accounts, as a channel is made of it."""
    return {
        "platform": "site",
        "external_id": f"{number}-{uuid4().hex}",
        "name": f"Account {number}",
        "owner_kind": "organisation",
    }


@dataclass
class Company:
    """Makes acts as partners send them. Large channels and contents get most of them."""

    channels: Sequence[str]
    seed: int = 1
    actors: int = KNOWN_ACTORS
    prefix: str = "n"
    """Begins the ids of new actors, so that two streams of one company never share any."""
    _random: random.Random = field(init=False)
    _fresh: Iterator[int] = field(init=False)
    _weights: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self._random, self._fresh = random.Random(self.seed), count()
        self._weights = list(accumulate(1 / (place + 10) for place in range(len(self.channels))))

    def pick_channels(self, number: int) -> list[str]:
        """Channels as they come by: some more often than others."""
        return self._random.choices(self.channels, cum_weights=self._weights, k=number)

    def acts(self, channel: str, number: int, moment: datetime) -> list[dict[str, Any]]:
        """So many acts on one channel at about that moment, without the channel's id."""
        roll = self._random
        types = roll.choices(list(TYPES), list(TYPES.values()), k=number)
        regions = roll.choices(list(REGIONS), list(REGIONS.values()), k=number)
        posts = roll.choices(range(CONTENTS), [1 / (n + 1) for n in range(CONTENTS)], k=number)
        stamp = moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return [
            self._act(type_, f"{channel[:8]}-{post}", region, stamp)
            for type_, post, region in zip(types, posts, regions, strict=True)
        ]

    def _act(self, type_: str, content: str, region: str, stamp: str) -> dict[str, Any]:
        act: dict[str, Any] = {
            "type": type_,
            "actor": {"external_id": self._actor(), "name": "小王"},
            "content": {"external_id": content},
            "occurred_at": stamp,
            "context": {"region": region, "client": "ios", "campaign": "2026-autumn"},
        }
        if type_ == "order.paid":
            act["value"] = {"amount_minor": self._random.randint(100, 90_000), "currency": "CNY"}
        if type_ == "comment.created":
            act["text"] = "这个真不错，已经推荐给朋友了"
        return act

    def _actor(self) -> str:
        if self._random.random() < NEW_SHARE:
            return f"{self.prefix}{next(self._fresh):08d}"
        # Squared: a few people come every day, most of them seldom.
        return f"k{int(self._random.random() ** 2 * self.actors):08d}"
