"""What one transaction of the normaliser will write: outcomes, keys, counters, chunks, numbers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from mediaops_common.ids import SLOTS
from mediaops_common.zones import day_number

from mediaops_ingest.archive.chunks import TOPICS, Archived, pack_chunk
from mediaops_ingest.delivery_log.port import LoggedDelivery

__all__ = ["KnownKey", "Ledger", "Outcome", "ShardState"]

NOTES = 100
"""So many items of a delivery are told one by one; the counters tell all."""


@dataclass(frozen=True, slots=True)
class KnownKey:
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
class Outcome:
    """What became of one delivery."""

    normalised: int = 0
    duplicates: int = 0
    conflicts: int = 0
    rejected: int = 0
    failed: int = 0
    unmapped: int = 0
    activities: int = 0
    retractions: int = 0
    snapshots: int = 0
    reason: str | None = None
    notes: list[list[Any]] = field(default_factory=list)

    @property
    def received(self) -> int:
        return self.normalised + self.duplicates + self.conflicts + self.rejected + self.failed

    @property
    def status(self) -> str:
        """The first that holds of conflict, failed, duplicate, done."""
        if self.conflicts:
            return "conflict"
        if self.failed:
            return "failed"
        if self.duplicates and self.duplicates == self.received:
            return "duplicate"
        return "done"

    def note(self, item: int, outcome: str, detail: str) -> None:
        if self.reason is None:
            self.reason = detail[:500]
        if len(self.notes) < NOTES:
            self.notes.append([item, outcome, detail[:500]])


@dataclass(slots=True)
class _Counts:
    workspace_id: UUID
    channel_id: UUID | None
    newest: datetime
    deliveries: int = 0
    values: dict[str, int] = field(default_factory=dict)


COUNTED = (
    "received",
    "normalised",
    "duplicates",
    "conflicts",
    "rejected",
    "failed",
    "unmapped",
    "activities",
    "retractions",
    "snapshots",
)


class Ledger:
    """Collects the rows of one transaction. Numbers are given in the order of the calls."""

    def __init__(self, states: dict[int, ShardState]) -> None:
        self.states = {shard: state.copy() for shard, state in states.items()}
        self.keys: dict[bytes, KnownKey] = {}
        self.deliveries: list[dict[str, Any]] = []
        self.changed_numbers: set[tuple[int, int]] = set()
        self._counts: dict[tuple[UUID, int], _Counts] = {}
        self._open: dict[tuple[int, UUID], tuple[UUID, list[Archived], list[datetime]]] = {}
        self._chunk_of: dict[tuple[int, UUID], int] = {}

    def number(
        self,
        shard: int,
        workspace_id: UUID,
        channel_id: UUID,
        event: tuple[int, int, bytes, bytes, datetime],
    ) -> int:
        """Gives the event the next number of its lane; returns the chunk that will hold it.

        `event` is (topic, slot, key, value, occurred_at).
        """
        topic, slot, key, value, occurred_at = event
        state = self.states[shard]
        numbers = state.numbers.setdefault(topic, [0] * SLOTS)
        numbers[slot] += 1
        self.changed_numbers.add((shard, topic))
        place = (shard, channel_id)
        if place not in self._open:
            self._open[place] = (workspace_id, [], [])
            self._chunk_of[place] = state.next_chunk
            state.next_chunk += 1
        _, records, moments = self._open[place]
        records.append(Archived(topic, slot, numbers[slot], key, value))
        moments.append(occurred_at)
        return self._chunk_of[place]

    def count(
        self,
        delivery: LoggedDelivery,
        timezone: str,
        changes: dict[str, int],
        *,
        deliveries: int = 0,
    ) -> None:
        """Adds to the permanent counters of the delivery's source and day of receipt."""
        day = day_number(delivery.received_at, timezone)
        known = self._counts.get((delivery.source_id, day))
        if known is None:
            known = self._counts[delivery.source_id, day] = _Counts(
                delivery.workspace_id, delivery.channel_id, delivery.received_at
            )
        known.deliveries += deliveries
        known.newest = max(known.newest, delivery.received_at)
        for name, change in changes.items():
            known.values[name] = known.values.get(name, 0) + change

    def chunk_rows(self, through: datetime) -> list[dict[str, Any]]:
        """The archive's new rows, compressed: call it outside the event loop."""
        return [
            {
                "shard": shard,
                "chunk": self._chunk_of[shard, channel_id],
                "workspace_id": workspace_id,
                "channel_id": channel_id,
                "first_occurred": min(moments),
                "last_occurred": max(moments),
                "through": through,
                "count": len(records),
                "records": pack_chunk(records),
            }
            for (shard, channel_id), (workspace_id, records, moments) in self._open.items()
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
                "version": 1,
                **{name: counts.values.get(name, 0) for name in COUNTED},
            }
            for (source_id, day), counts in self._counts.items()
        ]
