"""What one transaction of the normaliser will write: outcomes, keys, counters, chunks, numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from mediaops_common.ids import SLOTS
from mediaops_common.zones import day_number

from mediaops_ingest.archive.chunks import TOPICS, Archived, pack_chunk
from mediaops_ingest.delivery_log.port import LoggedDelivery
from mediaops_ingest.normaliser.outcome import COUNTED, Parts

__all__ = ["KnownKey", "Ledger", "ShardState"]


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
    workspace_id: UUID
    channel_id: UUID | None
    newest: datetime
    newest_occurred: int = 0
    deliveries: int = 0
    values: dict[str, int] = field(default_factory=dict)
    parts: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(slots=True)
class _OpenChunk:
    """Events of one channel that get their numbers at the end."""

    workspace_id: UUID
    chunk: int
    first: datetime
    last: datetime
    events: list[tuple[int, int, bytes, bytes]] = field(default_factory=list)
    """(topic, slot, key, value)."""


class Ledger:
    """Collects the rows of one transaction. What a channel brings stays in its order."""

    def __init__(self, states: dict[int, ShardState]) -> None:
        self.states = {shard: state.copy() for shard, state in states.items()}
        self.keys: dict[bytes, KnownKey] = {}
        self.deliveries: list[dict[str, Any]] = []
        self.changed_numbers: set[tuple[int, int]] = set()
        self._counts: dict[tuple[UUID, int], _Counts] = {}
        self._open: dict[tuple[int, UUID], _OpenChunk] = {}

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
        state = self.states[shard]
        place = (shard, channel_id)
        known = self._open.get(place)
        if known is None:
            first = last = occurred_at
            known = self._open[place] = _OpenChunk(workspace_id, state.next_chunk, first, last)
            state.next_chunk += 1
        known.events.append((topic, slot, key, value))
        if occurred_at < known.first:
            known.first = occurred_at
        elif occurred_at > known.last:
            known.last = occurred_at
        return known.chunk

    def count(
        self,
        delivery: LoggedDelivery,
        timezone: str,
        changes: dict[str, int],
        parts: Parts,
        *,
        newest_occurred: int,
        deliveries: int = 0,
    ) -> None:
        """Adds to the permanent counters of the delivery's source and day of receipt, and to what
        they are made of."""
        day = day_number(delivery.received_at, timezone)
        known = self._counts.get((delivery.source_id, day))
        if known is None:
            known = self._counts[delivery.source_id, day] = _Counts(
                delivery.workspace_id, delivery.channel_id, delivery.received_at
            )
        known.deliveries += deliveries
        known.newest = max(known.newest, delivery.received_at)
        known.newest_occurred = max(known.newest_occurred, newest_occurred)
        for place, change in parts.items():
            known.parts[place] = known.parts.get(place, 0) + change
        for name, change in changes.items():
            if change:
                known.values[name] = known.values.get(name, 0) + change

    def chunk_rows(self, through: datetime) -> list[dict[str, Any]]:
        """The archive's new rows, numbered and compressed: call it once, outside the event loop.

        Numbers are given chunk by chunk, in the order in which chunks are published. Channels of
        one shard share its lanes: numbered as they come, their events would lie crosswise in two
        chunks, and every consumer would see gaps.
        """
        return [
            {
                "shard": shard,
                "chunk": known.chunk,
                "workspace_id": known.workspace_id,
                "channel_id": channel_id,
                "first_occurred": known.first,
                "last_occurred": known.last,
                "through": through,
                "count": len(known.events),
                "records": pack_chunk(self._numbered(shard, known.events)),
            }
            for (shard, channel_id), known in self._open.items()
        ]

    def _numbered(
        self, shard: int, events: Sequence[tuple[int, int, bytes, bytes]]
    ) -> list[Archived]:
        by_topic = self.states[shard].numbers
        records = []
        for topic, slot, key, value in events:
            numbers = by_topic.get(topic)
            if numbers is None:
                numbers = by_topic[topic] = [0] * SLOTS
            numbers[slot] += 1
            self.changed_numbers.add((shard, topic))
            records.append(Archived(topic, slot, numbers[slot], key, value))
        return records

    def key_rows(self) -> list[dict[str, Any]]:
        """The keys that were seen, with what owns each."""
        return [
            {"key": key, "digest": k.digest, "adapter": k.adapter, "seq": k.seq, "item": k.item}
            for key, k in self.keys.items()
        ]

    def lane_rows(self) -> Iterable[tuple[int, str, list[int]]]:
        """(shard, topic, newest number of each slot) of the lanes that were numbered."""
        for shard, topic in sorted(self.changed_numbers):
            yield shard, TOPICS[topic], self.states[shard].numbers[topic]

    def source_day_rows(self) -> list[dict[str, Any]]:
        return [
            {
                "source_id": source_id,
                "day": day,
                "workspace_id": counts.workspace_id,
                "channel_id": counts.channel_id,
                "deliveries": counts.deliveries,
                "newest_received_at": counts.newest,
                "newest_occurred": counts.newest_occurred,
                "version": 1,
                "told": 0,
                **{name: counts.values.get(name, 0) for name in COUNTED},
            }
            for (source_id, day), counts in self._counts.items()
        ]

    def source_day_part_rows(self) -> list[dict[str, Any]]:
        return [
            {
                "source_id": source_id,
                "day": day,
                "kind": kind,
                "name": name,
                "workspace_id": counts.workspace_id,
                "items": change,
            }
            for (source_id, day), counts in self._counts.items()
            for (kind, name), change in counts.parts.items()
            if change
        ]
