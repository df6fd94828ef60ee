"""The outbox relay: numbers committed rows, publishes them in order, moves its cursor."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import exists, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.bulk import update_rows
from mediaops_common.bus.port import Bus, Record
from mediaops_common.db import Database, insert_new, upsert
from mediaops_common.events import LaneStalled
from mediaops_common.failpoints import hit
from mediaops_common.lease import (
    Lease,
    LeaseLost,
    acquire,
    check,
    give_back,
    raise_fence,
    release,
    renew,
)
from mediaops_common.outages import tell_failure
from mediaops_common.outbox_age import Floors, floors, forget_old
from mediaops_common.pace import Pace
from mediaops_common.restored import Restored, numbers_on_bus, refuse_if_behind, topics_of
from mediaops_common.streams import publish_heads, publish_in_order

__all__ = ["OutboxRelay", "go_back"]

log = structlog.get_logger(__name__)

LEASE = "outbox-relay"
BATCH = 500
BUSY_HEADS_SECONDS = 5.0
IDLE_HEADS_SECONDS = 60.0
LEASE_SECONDS = 15.0
PACE_SECONDS = 0.25


class OutboxRelay:
    """One stream at a time: the first error ends it, and a new one starts under a new fence."""

    def __init__(
        self, database: Database, bus: Bus, *, producer: str, owner: str, keep_days: float
    ) -> None:
        self._database = database
        self._bus = bus
        self._producer = producer
        self._owner = owner
        self._keep = timedelta(days=keep_days)
        self._heads_at = 0.0
        self._floors: Floors = {}
        self._was_busy = False
        self._is_checked = False
        self.refusal: str | None = None
        """Why it does not publish at all."""

    async def run(self, stopping: asyncio.Event) -> None:
        pause = 0.1
        while not stopping.is_set():
            try:
                # Before it holds anything: to read what the bus has may take longer than a lease.
                if not self._is_checked and not await self._check_numbers(stopping):
                    break
                async with self._database.write() as session:
                    lease = await acquire(session, LEASE, self._owner, seconds=LEASE_SECONDS)
                    await _ensure_state(session)
                if lease is None:
                    await self._sleep(stopping, 2.0)
                    continue
                try:
                    await self._stream(lease, stopping)
                finally:
                    await give_back(self._release(lease))
                pause = 0.1
            except LeaseLost:
                continue
            except Restored as error:
                self.refusal = str(error)
                log.error("relay_refuses", producer=self._producer, reason=self.refusal)
                await self._sleep(stopping, 5.0)
            except Exception:
                tell_failure("relay_failed", self._bus, self._database, producer=self._producer)
                await self._sleep(stopping, pause)
                pause = min(pause * 2, 5.0)

    async def _release(self, lease: Lease) -> None:
        async with self._database.write() as session:
            await release(session, lease)

    async def _check_numbers(self, stopping: asyncio.Event) -> bool:
        """Compares its numbers with those that the bus has seen, once; False when it is told to
        stop meanwhile. Raises Restored.

        A database that is new goes on behind them: nothing that it tells has been told before.
        Another replica may publish meanwhile: what the bus has by then was numbered here before.
        """
        topics = topics_of(self._producer)
        seen = await numbers_on_bus(self._bus, self._producer, topics, stopping)
        if seen is None:
            return False
        lane = self._database.tables.outbox_lane
        async with self._database.write() as session:
            connection = await session.connection()
            own = {(r.topic, 0, r.slot): r.seq for r in await connection.execute(select(lane))}
            if own:
                refuse_if_behind(own, seen)
            rows = [{"topic": t, "slot": slot, "seq": n} for (t, _, slot), n in seen.items()]
            await insert_new(session, lane, rows, key=["topic", "slot"])
        self._is_checked, self.refusal = True, None
        return True

    async def _stream(self, lease: Lease, stopping: asyncio.Event) -> None:
        async with self._database.read() as session:
            self._floors = await floors(session)
        await self._tell_heads(lease)
        pace = Pace(PACE_SECONDS)
        published: int | None = None
        while not stopping.is_set():
            self._database.outgoing.clear()
            rows = await self._settle(lease, published) if await self._has_work(published) else []
            published = await self._publish(rows)
            busy = published is not None
            if time.monotonic() > lease.expires - LEASE_SECONDS / 2:
                async with self._database.write() as session:
                    await renew(session, lease, seconds=LEASE_SECONDS)
                    # Sent rows are kept as long as the bus keeps: a republish reads them.
                    if await forget_old(session, datetime.now(UTC) - self._keep):
                        self._floors = await floors(session)
            elapsed = time.monotonic() - self._heads_at
            due = BUSY_HEADS_SECONDS if self._was_busy else IDLE_HEADS_SECONDS
            if elapsed > due:
                await self._tell_heads(lease)
                self._was_busy = False
            if busy:
                self._was_busy = True
                await pace.turn()
            else:
                await self._sleep_until_woken(0.5)
        if published is not None:
            await self._settle(lease, published)

    async def _has_work(self, published: int | None) -> bool:
        """Whether rows wait, or the cursor has to follow what was published."""
        outbox, state = self._database.tables.outbox, self._database.tables.outbox_state
        if published is not None:
            return True
        unnumbered = exists().where(outbox.c.place.is_(None))
        unsent = exists().where(outbox.c.place > select(state.c.cursor).scalar_subquery())
        async with self._database.glance() as session:
            connection = await session.connection()
            return bool((await connection.execute(select(unnumbered | unsent))).scalar_one())

    async def _settle(self, lease: Lease, published: int | None) -> Sequence[Any]:
        """Moves the cursor to what was published; gives committed rows their place in the whole
        order and their number in their lane; returns those to publish next."""
        tables = self._database.tables
        outbox, state = tables.outbox, tables.outbox_state
        async with self._database.write() as session:
            await check(session, lease)
            connection = await session.connection()
            if published is not None:
                await connection.execute(update(state).values(cursor=published))
            await self._number(session)
            rows = await connection.execute(
                select(outbox)
                .where(outbox.c.place > select(state.c.cursor).scalar_subquery())
                .order_by(outbox.c.place)
                .limit(BATCH)
            )
            return rows.all()

    async def _number(self, session: AsyncSession) -> None:
        tables = self._database.tables
        outbox, lane, state = tables.outbox, tables.outbox_lane, tables.outbox_state
        connection = await session.connection()
        rows = (
            await connection.execute(
                select(outbox.c.id, outbox.c.topic, outbox.c.slot)
                .where(outbox.c.place.is_(None))
                .order_by(outbox.c.id)
                .limit(BATCH)
            )
        ).all()
        if not rows:
            return
        place = (await connection.execute(select(state.c.last_place))).scalar_one()
        numbers = {(row.topic, row.slot): row.seq for row in await connection.execute(select(lane))}
        changes = []
        for row in rows:
            place += 1
            key = (row.topic, row.slot)
            numbers[key] = numbers.get(key, 0) + 1
            changes.append({"id": row.id, "place": place, "seq": numbers[key]})
        await update_rows(session, outbox, changes, key=["id"])
        touched = {(row.topic, row.slot) for row in rows}
        await upsert(
            session,
            lane,
            [{"topic": t, "slot": s, "seq": numbers[t, s]} for t, s in touched],
            key=["topic", "slot"],
            replace=["seq"],
        )
        await connection.execute(update(state).values(last_place=place))

    async def _publish(self, rows: Sequence[Any]) -> int | None:
        """Publishes the rows; returns the last one's place, None without any."""
        if not rows:
            return None
        await publish_in_order(
            self._bus,
            [
                (row.topic, Record(row.key, row.value, self._producer, 0, row.slot, row.seq))
                for row in rows
            ],
        )
        hit("relay.after_publish")
        return int(rows[-1].place)

    async def _tell_heads(self, lease: Lease) -> None:
        """Tells the last number before the cursor of every lane."""
        tables = self._database.tables
        outbox, lane, state = tables.outbox, tables.outbox_lane, tables.outbox_state
        async with self._database.read() as session:
            connection = await session.connection()
            cursor = (await connection.execute(select(state.c.cursor))).scalar_one()
            newest = (await connection.execute(select(lane))).all()
            waiting = {
                (row.topic, row.slot): row.first
                for row in await connection.execute(
                    select(outbox.c.topic, outbox.c.slot, func.min(outbox.c.seq).label("first"))
                    .where(outbox.c.place > cursor)
                    .group_by(outbox.c.topic, outbox.c.slot)
                )
            }
        by_topic: dict[str, dict[int, int]] = {}
        for row in newest:
            first = waiting.get((row.topic, row.slot))
            head = row.seq if first is None else first - 1
            by_topic.setdefault(row.topic, {})[row.slot] = head
        for topic, numbers in by_topic.items():
            stream = (0, lease.fence, numbers, None)
            lowest = {slot: n for (name, slot), n in self._floors.items() if name == topic}
            await publish_heads(self._bus, self._producer, topic, [stream], lowest)
        self._heads_at = time.monotonic()

    async def _sleep_until_woken(self, seconds: float) -> None:
        """Other processes may add rows as well: it looks again after so many seconds."""
        try:
            await asyncio.wait_for(self._database.outgoing.wait(), seconds)
        except TimeoutError:
            return

    async def _sleep(self, stopping: asyncio.Event, seconds: float) -> None:
        try:
            await asyncio.wait_for(stopping.wait(), seconds)
        except TimeoutError:
            return


async def _ensure_state(session: AsyncSession) -> None:
    tables = session.info["tables"]
    row = {"id": 1, "last_place": 0, "cursor": 0, "fence": 0}
    await insert_new(session, tables.outbox_state, [row], key=["id"])


async def go_back(session: AsyncSession, producer: str, ask: LaneStalled) -> bool:
    """Sets the relay's cursor before what a consumer misses, and raises its fence.

    Only an ask under the present fencing number counts: at most one return per stream, so that
    asks cannot starve it. Returns whether it went back.
    """
    tables = session.info["tables"]
    if ask.producer != producer:
        return False
    connection = await session.connection()
    lane = tables.outbox_lane
    ours = await connection.execute(
        select(lane.c.seq).where(lane.c.topic == ask.topic, lane.c.slot == ask.slot)
    )
    if ours.first() is None:
        return False  # ingest's archive has lanes of its own, and answers for them itself
    fence = (
        await connection.execute(
            select(tables.lease.c.fence).where(tables.lease.c.name == LEASE).with_for_update()
        )
    ).scalar_one_or_none()
    if fence != ask.fence:
        return False
    outbox = tables.outbox
    place = (
        await connection.execute(
            select(outbox.c.place).where(
                outbox.c.topic == ask.topic,
                outbox.c.slot == ask.slot,
                outbox.c.seq == ask.missing,
            )
        )
    ).scalar_one_or_none()
    if place is None:
        log.error("asked_for_what_is_gone", producer=producer, topic=ask.topic, seq=ask.missing)
        return False
    state = tables.outbox_state
    await connection.execute(update(state).where(state.c.cursor >= place).values(cursor=place - 1))
    await raise_fence(session, LEASE)
    return True
