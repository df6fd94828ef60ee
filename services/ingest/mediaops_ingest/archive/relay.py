"""Publishes the archive's chunks in order, tells the heads, and goes back when asked."""

import time
from datetime import datetime

from mediaops_common.bus import Bus
from mediaops_common.db import Database
from mediaops_common.failpoints import hit
from mediaops_common.pace import until
from mediaops_common.streams import publish_heads

from mediaops_ingest.archive import repository
from mediaops_ingest.archive.chunks import PRODUCER, TOPICS
from mediaops_ingest.archive.publishing import Heads, publish_chunks
from mediaops_ingest.normaliser.ledger import ShardState
from mediaops_ingest.normaliser.shards import HeldShards
from mediaops_ingest.normaliser.worker import Normaliser

__all__ = ["ArchiveRelay"]

BUSY_HEADS_SECONDS = 5.0
IDLE_HEADS_SECONDS = 60.0
SETTLED_SECONDS = 0.3
"""After so long without a new chunk the heads are told once: what came is whole."""

IDLE_LOOK_SECONDS = 1.0

CHUNKS = 400
STEP_BYTES = 32 << 20
"""Of packed chunks that one step takes into memory."""


class ArchiveRelay:
    """One stream under the shards' fencing numbers: the first error ends it."""

    def __init__(
        self, database: Database, bus: Bus, held: HeldShards, normaliser: Normaliser
    ) -> None:
        self._database = database
        self._bus = bus
        self._held = held
        self._normaliser = normaliser
        self._published: dict[int, int] = {}
        self._heads: Heads = {}
        self._catching_up: dict[int, ShardState] = {}
        """Shards of which something waited at the start, as they stood then."""
        self._heads_at = 0.0
        self._is_told = False

    async def start(self) -> None:
        """Begins a stream and tells the heads that are known without reading what waits: a start
        costs the same however much that is. The others come with the records, see `_note`."""
        # The states as they are now: what the normaliser numbers from here on is not published,
        # and heads that told of it would make consumers ask for it.
        states = self._held.states
        self._published = {s.shard: s.published for s in states.values()}
        self._heads, self._catching_up = {}, {}
        for shard, state in states.items():
            if state.published < state.next_chunk - 1:
                self._catching_up[shard] = state
            else:
                self._heads |= _heads_of(state)
        await self._tell_heads()

    async def step(self) -> bool:
        """Publishes what waits, as much as one step may. Returns whether more waits. Raises at the
        first error."""
        self._normaliser.produced.clear()
        async with self._database.read() as session:
            rows, is_all = await repository.unpublished(
                session, self._published, limit=CHUNKS, most_bytes=STEP_BYTES
            )
        if not rows:
            await self._tell_when_due()
            return False
        heads = await publish_chunks(self._bus, rows)
        hit("archive_relay.after_publish")
        moved = {row.shard: row.chunk for row in rows}
        async with self._database.write() as session:
            await self._held.check_fences(session)
            await repository.move_published(session, moved)
        self._note(moved, heads)
        self._is_told = False
        if time.monotonic() - self._heads_at > BUSY_HEADS_SECONDS:
            await self._tell_heads()
        return not is_all

    def _note(self, moved: dict[int, int], heads: Heads) -> None:
        """Once all that waited for a shard at the start is out, the lanes of which nothing came by
        stand where they stood then."""
        self._published.update(moved)
        for lane, numbers in heads.items():
            self._heads.setdefault(lane, {}).update(numbers)
        for shard, chunk in moved.items():
            begun = self._catching_up.get(shard)
            if begun is not None and chunk >= begun.next_chunk - 1:
                del self._catching_up[shard]
                for lane, numbers in _heads_of(begun).items():
                    self._heads[lane] = numbers | self._heads.get(lane, {})

    async def wait(self) -> None:
        """Returns when there are new chunks, or when it is time to look after the heads."""
        seconds = IDLE_LOOK_SECONDS if self._is_told else SETTLED_SECONDS
        await until(self._normaliser.produced, seconds)

    async def _tell_when_due(self) -> None:
        elapsed = time.monotonic() - self._heads_at
        if elapsed > IDLE_HEADS_SECONDS or (not self._is_told and elapsed > SETTLED_SECONDS):
            await self._tell_heads()
            self._is_told = True

    async def _tell_heads(self) -> None:
        through = self._normaliser.through
        behind = {
            shard
            for shard, state in self._held.states.items()
            if self._published.get(shard, 0) < state.next_chunk - 1
        }
        # Of shards without a channel too: a channel made there a moment ago has its watermark at
        # once, and not when another's traffic makes the heads due.
        for topic, name in enumerate(TOPICS):
            streams: list[tuple[int, int, dict[int, int], datetime | None]] = [
                (
                    shard,
                    self._held.fence(shard),
                    self._heads.get((shard, topic), {}),
                    None if shard in behind else through,
                )
                for shard in sorted(self._held.states)
                # Of which nothing is known yet, nothing is said: who read a new log from its
                # beginning would take it for all that it lacks.
                if shard not in self._catching_up or self._heads.get((shard, topic))
            ]
            if streams:
                await publish_heads(self._bus, PRODUCER, name, streams)
        self._heads_at = time.monotonic()


def _heads_of(state: ShardState) -> Heads:
    """The last number that each lane of the shard was given."""
    return {
        (state.shard, topic): {slot: newest for slot, newest in enumerate(numbers) if newest}
        for topic, numbers in state.numbers.items()
    }
