"""What one transaction of the normaliser will write: outcomes, keys, counters, chunks, numbers."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
from mediaops_common.ids import SLOTS
from mediaops_common.zones import day_number

from mediaops_ingest.archive.chunks import TOPICS, Numbered, pack_chunk
from mediaops_ingest.delivery_log.port import LoggedDelivery
from mediaops_ingest.normaliser.outcome import Outcome, Parts, later

__all__ = ["KnownKey", "Ledger", "ShardState"]


_TOLD = (
    "id",
    "seq",
    "workspace_id",
    "source_id",
    "channel_id",
    "shard",
    "received_at",
)
_BECAME = (
    "status",
    "reason",
    "received",
    "normalised",
    "duplicates",
    "conflicts",
    "rejected",
    "failed",
    "unmapped",
)
"""Columns of a delivery's row that lie in the delivery, and in its outcome."""

_json = msgspec.json.Encoder().encode


class KnownKey(msgspec.Struct, frozen=True, gc=False):
    """A key that was seen: its digest, the adapter, and the delivery and item that own it."""

    digest: bytes
    adapter: str
    seq: int
    item: int


@dataclass(slots=True)
class ShardState:
    """Where a shard stands, as its holder knows it."""

    shard: int
    cursor: int
    next_chunk: int
    published: int
    numbers: dict[int, list[int]]
    """Per topic: the last number of each slot."""

    def copy(self) -> "ShardState":
        numbers = {topic: list(values) for topic, values in self.numbers.items()}
        return ShardState(self.shard, self.cursor, self.next_chunk, self.published, numbers)


@dataclass(slots=True)
class _Counts:
    source_id: UUID
    workspace_id: UUID
    channel_id: UUID | None
    newest_received: datetime
    newest_occurred: datetime | None = None
    deliveries: int = 0
    whole: Outcome = field(default_factory=Outcome)
    """Of the deliveries that were settled for the first time."""
    changes: Counter[str] = field(default_factory=Counter)
    parts: Parts = field(default_factory=Counter)
    """What else changes the counters, and what they are made of."""


@dataclass(slots=True)
class _OpenChunk:
    """Events of one channel that get their numbers at the end."""

    shard: int
    chunk: int
    workspace_id: UUID
    channel_id: UUID
    first: datetime
    last: datetime
    events: list[tuple[int, int, bytes, bytes]] = field(default_factory=list)
    """(topic, slot, key, value)."""


class Ledger:
    """Collects the rows of one transaction. What a channel brings stays in its order."""

    def __init__(self, states: dict[int, ShardState]) -> None:
        self.states = {shard: state.copy() for shard, state in states.items()}
        self.keys: dict[bytes, KnownKey] = {}
        self.settled: list[tuple[LoggedDelivery, Outcome, int]] = []
        """Deliveries with their outcomes and the revisions of the mappings that read them."""
        self.changed_numbers: set[tuple[int, int]] = set()
        self._counts: dict[tuple[int, int], _Counts] = {}
        """By source and day; here and below by the ids' numbers, which are compared faster."""
        self._open: dict[int, _OpenChunk] = {}
        """By channel."""

    def number(
        self,
        shard: int,
        workspace_id: UUID,
        channel_id: UUID,
        event: tuple[int, int, bytes, bytes, datetime],
    ) -> int:
        """Puts the event behind those that its lane has; returns the chunk that will hold it.

        `event` is (topic, slot, key, value, occurred_at).
        """
        topic, slot, key, value, occurred_at = event
        known = self._open.get(channel_id.int)
        if known is None:
            state = self.states[shard]
            known = self._open[channel_id.int] = _OpenChunk(
                shard, state.next_chunk, workspace_id, channel_id, occurred_at, occurred_at
            )
            state.next_chunk += 1
        known.events.append((topic, slot, key, value))
        if occurred_at < known.first:
            known.first = occurred_at
        elif occurred_at > known.last:
            known.last = occurred_at
        return known.chunk

    def settle(
        self, delivery: LoggedDelivery, outcome: Outcome, timezone: str, mapping_revision: int
    ) -> None:
        """Notes what became of a delivery, and adds it to the counters."""
        self.settled.append((delivery, outcome, mapping_revision))
        known = self._counts_of(delivery, timezone)
        known.deliveries += 1
        known.whole.add(outcome)

    def correct(
        self,
        delivery: LoggedDelivery,
        timezone: str,
        changes: Mapping[str, int],
        parts: Parts,
        newest_occurred: datetime | None,
    ) -> None:
        """Adds to the counters of a delivery that was settled before, and to what they are made
        of."""
        known = self._counts_of(delivery, timezone)
        known.changes.update(changes)
        known.parts.update(parts)
        known.newest_occurred = later(known.newest_occurred, newest_occurred)

    def outcomes(self) -> list[Outcome]:
        """Of the deliveries that were settled."""
        return [outcome for _, outcome, _ in self.settled]

    def _counts_of(self, delivery: LoggedDelivery, timezone: str) -> _Counts:
        """The permanent counters of the delivery's source and day of receipt."""
        received_at = delivery.received_at
        place = (delivery.source_id.int, day_number(received_at, timezone))
        known = self._counts.get(place)
        if known is None:
            known = self._counts[place] = _Counts(
                delivery.source_id, delivery.workspace_id, delivery.channel_id, received_at
            )
        elif received_at > known.newest_received:
            known.newest_received = received_at
        return known

    def chunk_rows(self, through: datetime) -> list[dict[str, Any]]:
        """The archive's new rows, numbered and compressed: call it once, outside the event loop.

        Numbers are given chunk by chunk, in the order in which chunks are published. Channels of
        one shard share its lanes: numbered as they come, their events would lie crosswise in two
        chunks, and every consumer would see gaps.
        """
        return [
            {
                "shard": known.shard,
                "chunk": known.chunk,
                "workspace_id": known.workspace_id,
                "channel_id": known.channel_id,
                "first_occurred": known.first,
                "last_occurred": known.last,
                "through": through,
                "count": len(known.events),
                "records": pack_chunk(self._numbered(known.shard, known.events)),
            }
            for known in self._open.values()
        ]

    def _numbered(
        self, shard: int, events: Sequence[tuple[int, int, bytes, bytes]]
    ) -> list[Numbered]:
        by_topic = self.states[shard].numbers
        records = []
        for topic, slot, key, value in events:
            numbers = by_topic.get(topic)
            if numbers is None:
                numbers = by_topic[topic] = [0] * SLOTS
            numbers[slot] += 1
            self.changed_numbers.add((shard, topic))
            records.append((topic, slot, numbers[slot], key, value))
        return records

    def key_rows(self) -> list[tuple[bytes, bytes, str, int, int]]:
        """The keys that were seen, in their order: (key, digest, adapter, seq, item)."""
        return sorted((key, k.digest, k.adapter, k.seq, k.item) for key, k in self.keys.items())

    def delivery_columns(self) -> dict[str, list[Any]]:
        """The rows of the deliveries that were settled, by column."""
        deliveries, outcomes = [one for one, _, _ in self.settled], self.outcomes()
        return {
            **{name: list(map(attrgetter(name), deliveries)) for name in _TOLD},
            **{name: list(map(attrgetter(name), outcomes)) for name in _BECAME},
            "mapping_revision": [revision for _, _, revision in self.settled],
            "chunks": [_json(sorted(one.chunks)).decode() for one in outcomes],
            # These quote strangers: of them `msgspec` would refuse half a surrogate pair.
            "notes": [json.dumps(one.notes) if one.notes else "[]" for one in outcomes],
        }

    def lane_rows(self) -> Iterable[tuple[int, str, list[int]]]:
        """(shard, topic, newest number of each slot) of the lanes that were numbered."""
        for shard, topic in sorted(self.changed_numbers):
            yield shard, TOPICS[topic], self.states[shard].numbers[topic]

    def source_day_rows(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The changes of permanent counters, and of what they are made of."""
        days: list[dict[str, Any]] = []
        parts: list[dict[str, Any]] = []
        for (_, day), known in self._counts.items():
            whole = known.whole
            newest = later(known.newest_occurred, whole.newest)
            place = {
                "source_id": known.source_id,
                "day": day,
                "workspace_id": known.workspace_id,
            }
            days.append(
                {
                    **place,
                    "channel_id": known.channel_id,
                    "deliveries": known.deliveries,
                    "newest_received_at": known.newest_received,
                    "newest_occurred": 0 if newest is None else int(newest.timestamp()),
                    "version": 1,
                    "told": 0,
                    **{name: known.changes[name] + n for name, n in whole.counts().items()},
                }
            )
            changed = whole.parts()
            changed.update(known.parts)
            parts += [
                {**place, "kind": kind, "name": name, "items": items}
                for (kind, name), items in changed.items()
                if items
            ]
        return days, parts
