"""A small service for tests of the spine: one table of effects, one producer with lanes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from mediaops_common.bus import Record
from mediaops_common.bus.embedded import EmbeddedBus
from mediaops_common.clock import FrozenClock
from mediaops_common.consumer import Batch, ConsumerGroup
from mediaops_common.db import NAMING, Database, open_database
from mediaops_common.events import (
    Activity,
    ActivityRecorded,
    ActivityRetracted,
    Actor,
    SnapshotRecorded,
    encode,
)
from mediaops_common.group_runner import GroupRunner
from mediaops_common.heads import Stream, heads_record
from mediaops_common.ids import new_id, slot_of
from mediaops_common.tables import spine_tables
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from tests.databases import SQLITE, Backend

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOPIC = "mediaops.activity"
METADATA = MetaData(naming_convention=NAMING)
spine_tables(METADATA)
EFFECT = Table(
    "effect",
    METADATA,
    Column("place", Integer, primary_key=True, autoincrement=True),
    Column("generation", Integer, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("name", String(100), nullable=False),
    Column("change", Integer, nullable=False),
)
WORKSPACE, CHANNEL, SOURCE = new_id(), new_id(), new_id()
POISON = {"poison"}
"""Texts of activities that the group cannot handle now."""


def an_activity(actor: str, name: str, activity_id: UUID | None = None) -> Activity:
    return Activity(
        id=activity_id or new_id(),
        workspace_id=WORKSPACE,
        channel_id=CHANNEL,
        platform="site",
        type="like.created",
        occurred_at=NOW,
        received_at=NOW,
        source_id=SOURCE,
        delivery_id=new_id(),
        timezone="Asia/Shanghai",
        actor=Actor(external_id=actor),
        text=name,
    )


async def apply(session, batch: Batch) -> None:
    """Writes a row per event; refuses what is named poison."""
    connection = await session.connection()
    for event in batch.events:
        if isinstance(event, SnapshotRecorded):
            row = {"actor": "", "name": event.metric, "change": 1}
            row["generation"] = batch.projection.generation
            await connection.execute(insert(EFFECT).values(**row))
            continue
        change = -1 if isinstance(event, ActivityRetracted) else 1
        activity = event.activity
        if activity.text in POISON:
            raise ValueError("cannot handle poison \x00")
        await connection.execute(
            insert(EFFECT).values(
                generation=batch.projection.generation,
                actor=activity.actor.external_id,
                name=activity.text,
                change=change,
            )
        )


@dataclass
class Producer:
    """Numbers events in lanes as ingest does, and can lose, repeat and swap them."""

    bus: EmbeddedBus
    partitions: int
    numbers: dict[int, int] = field(default_factory=dict)
    fence: int = 1
    topic: str = TOPIC

    def number(self, event) -> Record:
        key = type(event).event_key(event).encode()
        slot = slot_of(key)
        self.numbers[slot] = self.numbers.get(slot, 0) + 1
        value = encode(event, source="/ingest", time=NOW, workspace_id=WORKSPACE)
        return Record(key, value, "ingest", 7, slot, self.numbers[slot])

    def recorded(self, actor: str, name: str) -> Record:
        return self.number(ActivityRecorded(activity=an_activity(actor, name)))

    async def publish(self, *records: Record) -> None:
        for record in records:
            await self.bus.publish(self.topic, record.slot % self.partitions, [record])

    async def heads(self, *partitions: int) -> None:
        """Tells them on these partitions, or on all."""
        for partition in partitions or range(self.partitions):
            told = {str(s): n for s, n in self.numbers.items() if s % self.partitions == partition}
            stream = Stream(shard=7, fence=self.fence, numbers=told, through=NOW)
            await self.bus.publish(self.topic, partition, [heads_record("ingest", [stream])])


@dataclass
class Spine:
    database: Database
    bus: EmbeddedBus
    producer: Producer
    runner: GroupRunner

    async def drain(self, runner: GroupRunner | None = None) -> None:
        """Applies until nothing more comes."""
        runner = runner or self.runner
        consumer = await self.bus.consumer(runner.name, [TOPIC], runner.locate)
        while await runner.step(consumer, timeout=0.05):
            pass
        await consumer.close()

    async def effects(self, generation: int = 1) -> list[tuple[str, str, int]]:
        async with self.database.read() as session:
            connection = await session.connection()
            rows = await connection.execute(
                select(EFFECT.c.actor, EFFECT.c.name, EFFECT.c.change)
                .where(EFFECT.c.generation == generation)
                .order_by(EFFECT.c.place)
            )
            return [tuple(row) for row in rows]

    async def rows(self, table: Table) -> list:
        async with self.database.read() as session:
            connection = await session.connection()
            return list((await connection.execute(select(table))).all())

    def another_runner(self, group: ConsumerGroup | None = None) -> GroupRunner:
        return GroupRunner(
            service="crm",
            group=group or self.runner.group,
            database=self.database,
            bus=self.bus,
            clock=FrozenClock(NOW),
        )


@asynccontextmanager
async def a_spine(
    folder: Path, *, partitions: int = 2, backend: Backend = SQLITE
) -> AsyncIterator[Spine]:
    bus = EmbeddedBus(folder / "bus.db", partitions=partitions)
    await bus.open()
    await bus.topic(TOPIC)
    url = await backend.blank(folder, "crm")
    database = open_database(url, name="crm", metadata=METADATA)
    async with database.writer.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    group = ConsumerGroup("fast", (TOPIC,), apply, is_projection=True)
    runner = GroupRunner(
        service="crm", group=group, database=database, bus=bus, clock=FrozenClock(NOW)
    )
    try:
        yield Spine(database, bus, Producer(bus, partitions), runner)
    finally:
        await database.close()
        await bus.close()
