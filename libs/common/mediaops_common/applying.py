"""How a consumer group applies what was read: effects, numbers and positions in one transaction."""

import asyncio
import time
from collections.abc import Mapping, Sequence, Set

from prometheus_client import Counter, Histogram
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common import counters, parked, stalls
from mediaops_common.bus.port import Assigned, Chunk, Place, Record
from mediaops_common.chunks import heads_in, is_beyond, is_next, lane_keys, lane_topic
from mediaops_common.clock import Clock
from mediaops_common.consumer import Batch, ConsumerGroup
from mediaops_common.db import Database
from mediaops_common.failpoints import hit
from mediaops_common.lanes import LaneKey, LaneNumbers
from mediaops_common.positions import PositionMoved, Positions
from mediaops_common.projections import Projection, live_and_quiet
from mediaops_common.taken import Taken, take

__all__ = ["Applier"]

APPLIED = Counter("mediaops_applied_events", "Events applied", ["group"])
SECONDS = Histogram("mediaops_apply_seconds", "Time to apply one batch", ["group"])


class Applier:
    """Applies of each lane exactly the next numbers. All state that matters is in the database."""

    def __init__(
        self,
        *,
        service: str,
        group: ConsumerGroup,
        name: str,
        database: Database,
        clock: Clock,
        generation: int | None,
        bound: str | None,
    ) -> None:
        self._service = service
        self._group = group
        self._name = name
        self._database = database
        self._clock = clock
        self._generation = generation
        self._bound = bound
        self._positions = Positions(database, name)
        self._lanes: dict[LaneKey, list[int]] = {}
        """Numbers as the last transaction left them; the next one reads them again and compares."""
        self._live: int | None = None
        self._quiet_until = 0.0
        """Until then the next batch gives way to a swap."""

    async def locate(self, assigned: Sequence[Assigned]) -> Sequence[int]:
        """Where to read on. Another member may have gone on meanwhile: nothing counts as known."""
        self._lanes.clear()
        self._live, self._quiet_until = None, 0.0
        return await self._positions.locate(assigned)

    @property
    def ended(self) -> Set[Place]:
        """Partitions of a rebuild's topics whose `end` was met, and all before it applied."""
        return self._positions.ended.keys()

    async def apply(
        self, chunks: Sequence[Chunk], *, park: str | None = None, attempts: int = 1
    ) -> None:
        """All of the chunks or, where it raises, nothing. With `park`, an error that came so many
        times, their events are parked. Raises PositionMoved where another member was faster."""
        heads = [head for chunk in chunks for head in heads_in(chunk)]
        before, generation = await self._look(lane_keys(chunks, heads))
        await self._give_way()
        numbers = before.copy()
        taken = await self._take_next(chunks, numbers)
        every = [one for listed in taken.values() for one in listed]
        if park is not None:
            for one in every:
                one.error, one.attempts = park, attempts
        projection = Projection(generation, is_live=self._generation is None)
        batch = await self._prepared(every, projection)
        early = None if park else await self._out_of_turn(chunks, numbers, projection)
        started = time.perf_counter()
        async with self._database.write() as session:
            await self._positions.check(session, chunks)
            quiet = await self._unmoved(session, before, generation)
            cancelled = await self._cancelled(session, taken)
            if cancelled:
                left = [one for one in every if one not in cancelled]
                batch = await self._prepared(left, projection)
            if batch.events:
                await self._group.apply(session, batch)
                await counters.count_applied(session, self._name, batch.events)
            if early is not None:
                await self._group.apply(session, early)
            for topic, listed in taken.items():
                failed = [one for one in listed if one.error and one not in cancelled]
                await parked.park(session, self._name, topic, failed)
            await stalls.meet_heads(session, self._service, self._name, heads, numbers)
            await numbers.save(session)
            hit("consumer.in_transaction")
            await self._positions.move(session, chunks)
        self._positions.moved(chunks)
        self._lanes.update(numbers.rows)
        self._be_quiet(quiet)
        SECONDS.labels(self._name).observe(time.perf_counter() - started)
        APPLIED.labels(self._name).inc(len(batch.events))

    async def _look(self, keys: set[LaneKey]) -> tuple[LaneNumbers, int]:
        """The numbers and the generation to begin with: as the last transaction left them, or read
        where that is not known."""
        before = LaneNumbers(self._name, self._lanes)
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

    async def _unmoved(self, session: AsyncSession, before: LaneNumbers, generation: int) -> float:
        """Locks the numbers. How long to be quiet; raises PositionMoved where they are no more what
        was looked at."""
        locked = LaneNumbers(self._name)
        await locked.load(session, before.rows)
        if not locked.same_as(before):
            raise PositionMoved
        live, quiet = await live_and_quiet(session)
        if self._generation is None and live != generation:
            raise PositionMoved
        return quiet

    def _be_quiet(self, seconds: float) -> None:
        is_live_projection = self._group.is_projection and self._generation is None
        self._quiet_until = time.monotonic() + (seconds if is_live_projection else 0.0)

    async def _give_way(self) -> None:
        """The swap wants both groups at equal numbers: under unbroken traffic it would never find
        them so, if all replicas of this one did not wait now and then."""
        due = self._quiet_until - time.monotonic()
        if due > 0:
            await asyncio.sleep(due)

    async def _take_next(
        self, chunks: Sequence[Chunk], numbers: LaneNumbers
    ) -> dict[str, list[Taken]]:
        """By topic, the records that come next in their lanes; `numbers` go on with them."""
        fresh = {lane_topic(chunk.topic): list[Record]() for chunk in chunks}
        for chunk in chunks:
            topic = lane_topic(chunk.topic)
            fresh[topic] += [r for r in chunk.records if is_next(numbers, topic, r)]
        return {topic: await take(records, self._group.wanted) for topic, records in fresh.items()}

    async def _out_of_turn(
        self, chunks: Sequence[Chunk], numbers: LaneNumbers, projection: Projection
    ) -> Batch | None:
        """Of what lies behind a gap, that which need not wait for what is missing."""
        if not self._group.out_of_turn:
            return None
        beyond = [
            r for c in chunks for r in c.records if is_beyond(numbers, lane_topic(c.topic), r)
        ]
        batch = await self._prepared(await take(beyond, self._group.out_of_turn), projection)
        return batch if batch.events else None

    async def _prepared(self, taken: Sequence[Taken], projection: Projection) -> Batch:
        whole = [one for one in taken if one.event is not None and one.error is None]
        events = [one.event for one in whole if one.event is not None]
        traces = [one.trace for one in whole]
        numbers = [one.record.seq for one in whole]
        batch = Batch(events, projection, self._clock.now(), traces, numbers)
        if self._group.prepare is not None and events:
            batch.prepared = await asyncio.to_thread(self._group.prepare, batch)
        return batch

    async def _cancelled(
        self, session: AsyncSession, taken: Mapping[str, Sequence[Taken]]
    ) -> list[Taken]:
        """What has no effect, for its activity is parked, or the group that this one follows gave
        it up."""
        every = [one for listed in taken.values() for one in listed]
        cancelled = await parked.cancel(session, self._name, every)
        if self._bound is not None:
            for topic, listed in taken.items():
                cancelled += await parked.given_up(session, self._bound, topic, listed)
        return cancelled
