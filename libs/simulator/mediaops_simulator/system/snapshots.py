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

_DAY = 86_400


@dataclass(slots=True)
class SnapshotSender:
    """`POST /ingest/v1/snapshots`, an evening's levels in one request."""

    api: Api
    workplace: Workplace
    book: Book
    clock: Clock
    rng: Random
    _known: dict[object, Level] = field(default_factory=dict)
    _wrong: dict[str, Level] = field(default_factory=dict)
    """By key, what one evening was told of another counter or moment than it is of."""

    async def send(self, levels: Sequence[Level]) -> None:
        """The evening's levels; on some evenings again, on some with a value put right, and on some
        with what was told of the wrong counter or moment until the evening after."""
        await self._post(levels)
        for key, level in self._wrong.items():
            await self._post([level], key)
        self._wrong.clear()
        if self.rng.random() < 0.4:
            await self._mistake(levels)
        if self.rng.random() < 0.1:
            await self._post(levels)
        if self.rng.random() < 0.1:
            await self._post([replace(levels[0], value=levels[0].value + 1)])

    async def _mistake(self, levels: Sequence[Level]) -> None:
        """A report that comes over one of another counter, or of the evening before."""
        level = self.rng.choice(levels)
        wrong = replace(level, at=level.at - _DAY)
        if level.content is not None:
            alike = [each for each in levels if each.account == level.account and each.content]
            wrong = replace(level, content=self.rng.choice(alike).content)
        key = f"by-hand:{level.at}"
        self._wrong[key] = replace(level, value=level.value + 7)
        await self._post([wrong], key)

    async def _post(self, levels: Sequence[Level], key: str | None = None) -> None:
        begun, doubts = self.clock.now(), self.api.doubts
        answer = await self.api.post(
            "/ingest/v1/snapshots", [self._body(each, key) for each in levels]
        )
        if answer["accepted"] != len(levels):
            raise ValueError(f"snapshots were rejected: {answer['rejected'][:3]}")
        self.book.unsure += (self.api.doubts - doubts) * len(levels)
        self.book.watch_midnight(begun, self.clock.now())
        outcomes: dict[str, Counter[str]] = {}
        for level in levels:
            # The same again is a repeat; something else under its key puts it right.
            is_repeat = self._known.get(key or level.place) == level
            self._known[key or level.place] = level
            outcome = "duplicates" if is_repeat else "normalised"
            outcomes.setdefault(level.account, Counter())[outcome] += 1
            if not is_repeat:
                self.book.level(level, key)
        for account, counts in outcomes.items():
            self.book.snapshots(account, begun, counts)

    def _body(self, level: Level, key: str | None) -> dict[str, Any]:
        body: dict[str, Any] = {
            "channel_id": self.workplace.connections[level.account].channel_id,
            "metric": level.metric,
            "value": level.value,
            "kind": level.kind,
            "as_of": moment(level.at),
        }
        if level.content is not None:
            body["content"] = {"external_id": level.content}
        if key is not None:
            body["dedup_key"] = key
        return body
