"""The loop of one consumer group: it reads, has it applied, and parks what fails alone."""

import asyncio
import time
from collections.abc import Sequence, Set

import structlog
from prometheus_client import Counter, Gauge

from mediaops_common import parked
from mediaops_common.applying import Applier
from mediaops_common.bus.port import Assigned, Bus, Chunk, Consumer, Place
from mediaops_common.chunks import end_in, heads_in, joined, lane_keys, lane_topic, part_of
from mediaops_common.clock import Clock
from mediaops_common.consumer import ConsumerGroup
from mediaops_common.db import Database
from mediaops_common.failpoints import hit
from mediaops_common.lanes import LaneNumbers
from mediaops_common.outages import tell_failure
from mediaops_common.pace import Pace, until
from mediaops_common.positions import PositionMoved
from mediaops_common.transient import is_transient

__all__ = ["GroupRunner", "PositionMoved"]

log = structlog.get_logger(__name__)

PARKED = Counter("mediaops_parked_events", "Events parked", ["group"])
LAG = Gauge("mediaops_lag_records", "Records not yet read", ["group", "topic", "partition"])

ATTEMPTS = 3
"""How often an event is tried alone before it is parked."""

HELD_BACK_SECONDS = 0.05
"""Between two looks whether what is held back was settled."""

MAX_PARKED_PER_MINUTE = 100
"""Above this rate the fault is ours, not the events': the group stops and says so."""


class GroupRunner:
    """Reads for one group and has it applied, until it is told to stop."""

    def __init__(
        self,
        *,
        service: str,
        group: ConsumerGroup,
        database: Database,
        bus: Bus,
        clock: Clock,
        name: str | None = None,
        generation: int | None = None,
        bound: str | None = None,
    ) -> None:
        self.group = group
        self.name = name or f"{service}.{group.name}"
        if generation is None:
            PARKED.labels(self.name)  # at 0 before the first one, which is a rise only then
        self.healthy = True
        self.reason: str | None = None
        self._database = database
        self._bus = bus
        self.bound = bound
        """The group that this one follows and is never ahead of."""
        self._applier = Applier(
            service=service,
            group=group,
            name=self.name,
            database=database,
            clock=clock,
            generation=generation,
            bound=bound,
        )
        self._held_back: dict[tuple[str, int], Chunk] = {}
        """What was read of a partition, and the group that this one follows has not settled yet."""
        self._parked_at: list[float] = []
        self._told_lag: set[tuple[str, int]] = set()

    @property
    def ended(self) -> Set[Place]:
        """Partitions whose `end` was met: what a rebuild waits for."""
        return self._applier.ended

    async def run(self, stopping: asyncio.Event) -> None:
        """Applies until `stopping` is set. Errors are retried with back-off, never dropped."""
        consumer = await self._bus.consumer(self.name, self.group.topics, self.locate)
        pause = 0.1
        pace = Pace(self.group.pace_seconds)
        try:
            while not stopping.is_set():
                try:
                    done = await self.step(consumer)
                    if done:
                        await pace.turn(is_behind=done >= self.group.max_records // 2)
                    pause = 0.1
                    self.healthy, self.reason = True, None
                except PositionMoved:
                    self.relocate(consumer)
                except Exception as error:
                    tell_failure("consumer_failed", self._bus, self._database, group=self.name)
                    said = f"{type(error).__name__}: {error}".partition("\n")[0]
                    self.healthy, self.reason = False, said[:300]
                    self.relocate(consumer)
                    await until(stopping, pause)
                    pause = min(pause * 2, 10.0)
        finally:
            await consumer.close()

    async def step(self, consumer: Consumer, timeout: float = 1.0) -> int:
        """One poll and what follows from it. Returns how many records were dealt with."""
        chunks = await self._read(consumer, timeout)
        self.forget_lag(consumer.places)
        done = 0
        parts: list[Chunk] = []
        for chunk in chunks:
            records = await self._within_bound(chunk) if self.bound else len(chunk.records)
            part = part_of(chunk, 0, records)
            if records < len(chunk.records):
                rest = part_of(chunk, records, len(chunk.records))
                self._held_back[chunk.topic, chunk.partition] = rest
            if part.records:
                if sum(len(p.records) for p in [*parts, part]) > self.group.max_records:
                    await self._take(parts)
                    parts = []
                parts.append(part)
                done += len(part.records)
            LAG.labels(self.name, chunk.topic, chunk.partition).set(chunk.end - part.next_offset)
            self._told_lag.add((chunk.topic, chunk.partition))
        if parts:
            await self._take(parts)
        return done

    async def _read(self, consumer: Consumer, timeout: float) -> list[Chunk]:
        """What was held back and, behind it, what is new. It is not sought again: where the bus
        answers by the network, reading it anew takes longer than a swap can wait."""
        polled: list[Chunk] = []
        if sum(len(chunk.records) for chunk in self._held_back.values()) < self.group.max_records:
            soon = HELD_BACK_SECONDS if self._held_back else timeout
            polled = await consumer.poll(self.group.max_records, soon)
        else:
            await asyncio.sleep(HELD_BACK_SECONDS)
        chunks, self._held_back = self._held_back, {}
        for chunk in polled:
            place = (chunk.topic, chunk.partition)
            chunks[place] = joined(chunks[place], chunk) if place in chunks else chunk
        return list(chunks.values())

    async def locate(self, assigned: Sequence[Assigned]) -> Sequence[int]:
        """Where a consumer for this group reads on."""
        for one in assigned:
            self._held_back.pop((one.topic, one.partition), None)
        return await self._applier.locate(assigned)

    def relocate(self, consumer: Consumer) -> None:
        """Reads on where the database says; what was held back may lie before or behind it."""
        self._held_back.clear()
        consumer.relocate()

    def forget_lag(self, places: Set[tuple[str, int]] = frozenset()) -> None:
        """Of all but these partitions: they are another member's now, which tells it itself."""
        for topic, partition in self._told_lag - places:
            LAG.remove(self.name, topic, partition)
            self._told_lag.remove((topic, partition))

    async def _within_bound(self, chunk: Chunk) -> int:
        """How many leading records the group that this one follows has settled already.

        What lies parked there is not settled: applied here, it would count although it is dropped,
        or cancelled by its retraction, a moment later.
        """
        bound, topic = self.bound or "", lane_topic(chunk.topic)
        async with self._database.read() as session:
            live = LaneNumbers(bound)
            await live.load(session, lane_keys([chunk], heads_in(chunk)), locking=False)
            waiting = await parked.open_places(session, bound, topic)
        for index, record in enumerate(chunk.records):
            if record.kind not in ("event", "void"):
                continue
            last = live.last(record.producer, topic, record.shard, record.slot)
            if record.seq > last or parked.place_of(record) in waiting:
                return index
        return len(chunk.records)

    async def _take(self, chunks: list[Chunk]) -> None:
        """Applies chunks of several partitions; parts and halves them when they fail; parks what
        fails alone."""
        try:
            await self._apply(chunks)
        except PositionMoved:
            raise
        except Exception as error:
            if is_transient(error):
                raise
            if len(chunks) > 1:
                for chunk in chunks:
                    await self._take([chunk])
                return
            (chunk,) = chunks
            if len(chunk.records) > 1:
                middle = len(chunk.records) // 2
                await self._take([part_of(chunk, 0, middle)])
                await self._take([part_of(chunk, middle, len(chunk.records))])
                return
            await self._retry_alone(chunk, error)

    async def _retry_alone(self, chunk: Chunk, error: Exception) -> None:
        for attempt in range(1, ATTEMPTS):
            await asyncio.sleep(0.02 * 2**attempt)
            try:
                await self._apply([chunk])
                return
            except PositionMoved:
                raise
            except Exception as again:
                if is_transient(again):
                    raise
                error = again
        now = time.monotonic()
        self._parked_at = [at for at in self._parked_at if now - at < 60] + [now]
        if len(self._parked_at) > MAX_PARKED_PER_MINUTE:
            raise RuntimeError(f"more than {MAX_PARKED_PER_MINUTE} events a minute fail") from error
        log.error("event_parked", group=self.name, error=f"{type(error).__name__}: {error}"[:300])
        PARKED.labels(self.name).inc()
        await self._apply([chunk], park=f"{type(error).__name__}: {error}")

    async def _apply(self, chunks: Sequence[Chunk], park: str | None = None) -> None:
        await self._applier.apply(chunks, park=park, attempts=ATTEMPTS)
        if any(end_in(chunk) is not None for chunk in chunks):
            hit("rebuild.ended")
