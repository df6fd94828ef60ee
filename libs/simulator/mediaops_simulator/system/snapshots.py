"""Sends the platforms' counters, and now and then the same ones again, or corrected."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from mediaops_common.clock import Clock

from mediaops_simulator.company.counters import Level
from mediaops_simulator.system.api import Api
from mediaops_simulator.system.company import Workplace
from mediaops_simulator.system.imports import moment
from mediaops_simulator.truth.book import Book

__all__ = ["SnapshotSender"]


@dataclass(slots=True)
class SnapshotSender:
    """`POST /ingest/v1/snapshots`, an evening's levels in one request."""

    api: Api
    workplace: Workplace
    book: Book
    clock: Clock
    rng: Random
    _known: dict[tuple[Any, ...], int] = field(default_factory=dict)

    async def send(self, levels: Sequence[Level]) -> None:
        """The evening's levels; on some evenings again, on some with a value put right."""
        await self._post(levels)
        if self.rng.random() < 0.1:
            await self._post(levels)
        if self.rng.random() < 0.1:
            await self._post([replace(levels[0], value=levels[0].value + 1)])

    async def _post(self, levels: Sequence[Level]) -> None:
        begun, doubts = self.clock.now(), self.api.doubts
        answer = await self.api.post("/ingest/v1/snapshots", [self._body(each) for each in levels])
        if answer["accepted"] != len(levels):
            raise ValueError(f"snapshots were rejected: {answer['rejected'][:3]}")
        self.book.unsure += (self.api.doubts - doubts) * len(levels)
        self.book.watch_midnight(begun, self.clock.now())
        outcomes: dict[str, Counter[str]] = {}
        for level in levels:
            place = (level.account, level.content, level.metric, level.kind, level.at)
            # The same value again is a repeat; a new one puts the old one right.
            is_repeat = self._known.get(place) == level.value
            self._known[place] = level.value
            outcome = "duplicates" if is_repeat else "normalised"
            outcomes.setdefault(level.account, Counter())[outcome] += 1
            self.book.level(level)
        for account, counts in outcomes.items():
            self.book.snapshots(account, begun, counts)

    def _body(self, level: Level) -> dict[str, Any]:
        body: dict[str, Any] = {
            "channel_id": self.workplace.connections[level.account].channel_id,
            "metric": level.metric,
            "value": level.value,
            "kind": level.kind,
            "as_of": moment(level.at),
        }
        if level.content is not None:
            body["content"] = {"external_id": level.content}
        return body
