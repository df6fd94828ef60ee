"""The loop of one consumer group: it applies what the lanes allow, exactly once."""

import asyncio
import time
from collections.abc import Sequence, Set

import structlog
from prometheus_client import Counter, Gauge, Histogram

from mediaops_common import counters, parked, stalls
from mediaops_common.bus.port import Assigned, Bus, Chunk, Consumer, Record
from mediaops_common.chunks import (
    heads_in,
    is_beyond,
    is_next,
    joined,
    lane_keys,
    lane_topic,
    part_of,
)
from mediaops_common.clock import Clock
from mediaops_common.consumer import Batch, ConsumerGroup
from mediaops_common.db import Database
from mediaops_common.failpoints import hit
from mediaops_common.lanes import LaneKey, LaneNumbers
from mediaops_common.outages import tell_failure
from mediaops_common.pace import Pace
from mediaops_common.positions import PositionMoved, Positions
from mediaops_common.projections import Projection, live_and_quiet
from mediaops_common.taken import Taken, take
from mediaops_common.transient import is_transient

__all__ = ["GroupRunner", "PositionMoved"]

log = structlog.get_logger(__name__)

APPLIED = Counter("mediaops_applied_events", "Events applied", ["group"])
PARKED = Counter("mediaops_parked_events", "Events parked", ["group"])
LAG = Gauge("mediaops_lag_records", "Records not yet read", ["group", "topic", "partition"])
SECONDS = Histogram("mediaops_apply_seconds", "Time to apply one batch", ["group"])

ATTEMPTS = 3
"""How often an event is tried alone before it is parked."""

HELD_BACK_SECONDS = 0.05
"""Between two looks whether what is held back was settled."""

MAX_PARKED_PER_MINUTE = 100
"""Above this rate the fault is ours, not the events': the group stops and says so."""


class GroupRunner:
    """The loop of one group. All state that matters is in the database."""

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
        self.service = service
        self.group = group
        self.name = name or f"{service}.{group.name}"
        self.healthy = True
        self.reason: str | None = None
        self._database = database
        self._bus = bus
        self._clock = clock
        self._generation = generation
        self.bound = bound
        self.ended: set[tuple[str, int]] = set()
        """Partitions whose `end` record was met: what a rebuild waits for."""
        self._positions = Positions(database, self.name)
        self._lanes: dict[LaneKey, list[int]] = {}
        """Numbers as the last transaction left them; the next one reads them again and compares."""
        self._live: int | None = None
        self._quiet_until = 0.0
        """Until then the next batch gives way to a swap."""
        self._held_back: dict[tuple[str, int], Chunk] = {}
        """What was read of a partition, and the group that this one follows has not settled yet."""
        self._parked_at: list[float] = []
        self._told_lag: set[tuple[str, int]] = set()

    @property
    def _is_live_projection(self) -> bool:
        return self.group.is_projection and self._generation is None

    async def run(self, stopping: asyncio.Event, topics: Sequence[str] | None = None) -> None:
        """Applies until `stopping` is set. Errors are retried with back-off, never dropped."""
        consumer = await self._bus.consumer(self.name, topics or self.group.topics, self._locate)
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
                    consumer.relocate()
                except Exception as error:
                    tell_failure("consumer_failed", self._bus, self._database, group=self.name)
                    said = f"{type(error).__name__}: {error}".partition("\n")[0]
                    self.healthy, self.reason = False, said[:300]
                    consumer.relocate()
                    await _wait(stopping, pause)
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

    async def _locate(self, assigned: Sequence[Assigned]) -> Sequence[int]:
        self._lanes.clear()
        self._live, self._quiet_until = None, 0.0
        for one in assigned:
            self._held_back.pop((one.topic, one.partition), None)
        return await self._positions.locate(assigned)

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

    async def _apply(self, chunks: list[Chunk], park: str | None = None) -> None:
        """One transaction: effects, counters, lanes, positions."""
        heads = [head for chunk in chunks for head in heads_in(chunk)]
        keys = lane_keys(chunks, heads)
        before, generation = await self._look(keys)
        due = self._quiet_until - time.monotonic()
        if due > 0:
            # The swap wants both groups at equal numbers: under unbroken traffic it would never
            # find them so, if all replicas of this one did not wait now and then.
            await asyncio.sleep(due)
        trial = before.copy()
        fresh = {chunk.topic: list[Record]() for chunk in chunks}
        for chunk in chunks:
            topic = lane_topic(chunk.topic)
            fresh[chunk.topic] += [r for r in chunk.records if is_next(trial, topic, r)]
        taken = {topic: await take(records, self.group.wanted) for topic, records in fresh.items()}
        every = [one for listed in taken.values() for one in listed]
        if park is not None:
            for one in every:
                one.error, one.attempts = park, ATTEMPTS
        projection = Projection(generation, is_live=self._generation is None)
        batch = await self._prepared(every, projection)
        early = None if park else await self._out_of_turn(chunks, trial, projection)
        started = time.perf_counter()
        async with self._database.write() as session:
            await self._positions.check(session, chunks)
            numbers = LaneNumbers(self.name)
            await numbers.load(session, keys)
            if not numbers.same_as(before):
                raise PositionMoved
            live, quiet = await live_and_quiet(session)
            if self._generation is None and live != generation:
                raise PositionMoved
            cancelled = await parked.cancel(session, self.name, every)
            if self.bound is not None:
                for topic, listed in taken.items():
                    lane = lane_topic(topic)
                    cancelled += await parked.given_up(session, self.bound, lane, listed)
            if cancelled:
                left = [one for one in every if one not in cancelled]
                batch = await self._prepared(left, projection)
            if batch.events:
                await self.group.apply(session, batch)
                await counters.count_applied(session, self.name, batch.events)
            if early is not None:
                await self.group.apply(session, early)
            for chunk_topic, listed in taken.items():
                topic = lane_topic(chunk_topic)
                failed = [one for one in listed if one.error and one not in cancelled]
                await parked.park(session, self.name, topic, failed)
                for one in listed:
                    numbers.advance(topic, one.record)
            await stalls.meet_heads(session, self.service, self.name, heads, numbers)
            await numbers.save(session)
            hit("consumer.in_transaction")
            await self._positions.move(session, chunks)
        self._positions.moved(chunks)
        self._lanes.update(numbers.rows)
        self._be_quiet(quiet)
        for chunk in chunks:
            if any(record.kind == "end" for record in chunk.records):
                self.ended.add((chunk.topic, chunk.partition))
        SECONDS.labels(self.name).observe(time.perf_counter() - started)
        APPLIED.labels(self.name).inc(len(batch.events))

    async def _look(self, keys: set[LaneKey]) -> tuple[LaneNumbers, int]:
        """The numbers and the generation to begin with: as the last transaction left them, or read
        where that is not known."""
        before = LaneNumbers(self.name, self._lanes)
        if keys <= self._lanes.keys() and (self._generation or self._live) is not None:
            await before.load(None, keys)
        else:
            async with self._database.read() as session:
                await before.load(session, keys, locking=False)
                self._live, quiet = await live_and_quiet(session)
            self._be_quiet(quiet)
        generation = self._generation or self._live
        assert generation is not None
        return before, generation

    def _be_quiet(self, seconds: float) -> None:
        self._quiet_until = time.monotonic() + (seconds if self._is_live_projection else 0.0)

    async def _out_of_turn(
        self, chunks: Sequence[Chunk], numbers: LaneNumbers, projection: Projection
    ) -> Batch | None:
        """Of what lies behind a gap, that which need not wait for what is missing."""
        if not self.group.out_of_turn:
            return None
        beyond = [
            r for c in chunks for r in c.records if is_beyond(numbers, lane_topic(c.topic), r)
        ]
        batch = await self._prepared(await take(beyond, self.group.out_of_turn), projection)
        return batch if batch.events else None

    async def _prepared(self, taken: Sequence[Taken], projection: Projection) -> Batch:
        whole = [one for one in taken if one.event is not None and one.error is None]
        events = [one.event for one in whole if one.event is not None]
        traces = [one.trace for one in whole]
        batch = Batch(events, projection, self._clock.now(), traces)
        if self.group.prepare is not None and events:
            batch.prepared = await asyncio.to_thread(self.group.prepare, batch)
        return batch


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
