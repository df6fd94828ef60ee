"""What a broker can do to the bus on Kafka: die, freeze, lose its tail, forget and grow topics."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete
from aiokafka.errors import KafkaError
from mediaops_common.bus import (
    Assigned,
    Bus,
    Chunk,
    Consumer,
    LogBounds,
    Record,
    TopicIdentity,
    open_bus,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PATIENCE = 300.0
"""Seconds until a state that must come has come, on the slowest of machines."""


class Reader:
    """Applies the next number of its lane, and remembers positions, as a service's database."""

    def __init__(self, bus: Bus, topic: str, group: str | None = None) -> None:
        self.bus, self.topic = bus, topic
        self.group = group or uuid4().hex
        self.applied: list[int] = []
        self.located: list[tuple[int, int]] = []
        self.positions: dict[int, tuple[TopicIdentity, int]] = {}
        self.read: list[Chunk] = []
        self.errors: list[Exception] = []
        self.consumer: Consumer | None = None

    @property
    def partitions(self) -> set[int]:
        return {partition for partition, _ in self.located}

    @property
    def numbers(self) -> set[int]:
        return {record.seq for chunk in self.read for record in chunk.records}

    async def locate(self, assigned: Sequence[Assigned]) -> list[int]:
        return [self._located(one.partition, one.identity, one.bounds) for one in assigned]

    def _located(self, partition: int, identity: TopicIdentity, bounds: LogBounds) -> int:
        known, offset = self.positions.get(partition, (identity, bounds.start))
        if known[:2] != identity[:2] or not bounds.start <= offset <= bounds.end:
            offset = bounds.start
        self.positions[partition] = identity, offset
        self.located.append((partition, offset))
        return offset

    @property
    def places(self) -> set[tuple[str, int]]:
        return set() if self.consumer is None else set(self.consumer.places)

    async def run(self, is_done: Callable[[], bool]) -> None:
        self.consumer = consumer = await self.bus.consumer(self.group, [self.topic], self.locate)
        deadline = time.monotonic() + PATIENCE
        try:
            while not is_done():
                assert time.monotonic() < deadline, (self.applied[-3:], self.located)
                try:
                    chunks = await consumer.poll(1_000, 0.2)
                except Exception as error:
                    self.errors.append(error)
                    await asyncio.sleep(0.2)
                else:
                    for chunk in chunks:
                        self.apply(chunk)
        finally:
            await consumer.close()

    def apply(self, chunk: Chunk) -> None:
        for record in chunk.records:
            if record.seq == len(self.applied) + 1:
                self.applied.append(record.seq)
        identity, _ = self.positions[chunk.partition]
        self.positions[chunk.partition] = identity, chunk.next_offset
        self.read.append(chunk)


class Relay:
    """Publishes numbers in order; after an error it begins again at its cursor."""

    def __init__(self, bus: Bus, topic: str, *, partition: int = 0, cursor: int = 0) -> None:
        self.bus, self.topic, self.partition = bus, topic, partition
        self.cursor = cursor
        self.errors: list[Exception] = []

    async def run(self, end: int, pause: float = 0.0) -> None:
        while self.cursor < end:
            numbers = range(self.cursor + 1, min(self.cursor + 20, end) + 1)
            try:
                await self.bus.publish(self.topic, self.partition, [a_number(n) for n in numbers])
            except Exception as error:
                self.errors.append(error)
                await asyncio.sleep(0.2)
            else:
                self.cursor = numbers[-1]
                await asyncio.sleep(pause)


def a_number(n: int) -> Record:
    return Record(b"k", f"value {n}".encode(), "tests", 0, 0, n)


@pytest.fixture
async def bus(kafka, monkeypatch):
    monkeypatch.setattr("mediaops_common.bus.kafka.bus.LOOK_SECONDS", 0.3)
    monkeypatch.setattr("mediaops_common.bus.kafka.clients.METADATA_SECONDS", 0.5)
    bus = await open_bus(f"{kafka.url}?partitions=1")
    yield bus
    await bus.close()


@pytest.fixture
async def topic(bus):
    name = f"faults.{uuid4().hex}"
    await bus.topic(name)
    return name


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def fail(publish: Coroutine[Any, Any, None]) -> None:
    """It ends by itself, and with an error."""
    publishing = asyncio.create_task(publish)
    await asyncio.wait({publishing}, timeout=PATIENCE)
    assert isinstance(publishing.exception(), TimeoutError | KafkaError)


@asynccontextmanager
async def an_admin(kafka):
    admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{kafka.port}")
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def test_a_killed_broker_that_lost_its_tail_costs_nothing_but_a_republish(
    kafka, bus, topic
) -> None:
    relay, reader = Relay(bus, topic), Reader(bus, topic)
    reading = asyncio.create_task(reader.run(lambda: len(reader.applied) >= 800))
    await relay.run(200)
    await until(lambda: len(reader.applied) == 200)
    kafka.kill()
    segment = kafka.segments(topic, 0)[-1]
    with segment.open("r+b") as file:
        file.truncate(segment.stat().st_size // 2)
    for snapshot in segment.parent.glob("*.snapshot"):
        snapshot.unlink()
    await asyncio.to_thread(kafka.start)
    await relay.run(400)
    # A producer that lives on is refused for ever: its numbers do not fit the shorter log.
    assert "OutOfOrderSequenceNumber" in [type(error).__name__ for error in relay.errors]
    # What the reader had read is gone and the log is shorter than its position; it goes on with
    # what comes, sees that it misses nothing of what it applied, and a republish changes nothing.
    relay.cursor = 0
    await relay.run(800)
    await reading
    assert reader.applied == list(range(1, 801))


@pytest.mark.nightly
async def test_a_frozen_broker_fails_a_publish_in_time_and_is_used_again(kafka, bus, topic) -> None:
    await bus.publish(topic, 0, [a_number(1)])
    kafka.freeze()
    try:
        await fail(bus.publish(topic, 0, [a_number(2)]))
    finally:
        kafka.thaw()
    relay, reader = Relay(bus, topic, cursor=1), Reader(bus, topic)
    await relay.run(40)
    await reader.run(lambda: len(reader.applied) >= 40)
    assert reader.applied == list(range(1, 41))


@pytest.mark.nightly
async def test_a_member_that_hears_nothing_says_so_and_is_replaced(
    kafka, bus, topic, monkeypatch
) -> None:
    monkeypatch.setattr("mediaops_common.bus.kafka.consumer.QUIET_SECONDS", 1.0)
    reader = Reader(bus, topic)
    reading = asyncio.create_task(reader.run(lambda: len(reader.applied) >= 2))
    await bus.publish(topic, 0, [a_number(1)])
    await until(lambda: reader.applied == [1])
    kafka.freeze()
    try:
        await until(lambda: bool(reader.errors))
    finally:
        kafka.thaw()
    assert "no answer about" in str(reader.errors[0])
    await bus.publish(topic, 0, [a_number(2)])
    await reading


@pytest.mark.nightly
async def test_what_was_given_up_is_not_sent_when_the_broker_is_back(kafka, bus, topic) -> None:
    kafka.freeze()
    try:
        await fail(bus.publish(topic, 0, [a_number(1)]))
    finally:
        kafka.thaw()
    await bus.publish(topic, 0, [a_number(2)])
    await asyncio.sleep(1.0)
    bounds = await bus.bounds([(topic, 0)])
    await asyncio.sleep(1.0)
    assert await bus.bounds([(topic, 0)]) == bounds


@pytest.mark.parametrize("records", [3, 30], ids=["shorter", "longer"])
async def test_a_topic_made_again_is_read_from_its_beginning(kafka, bus, topic, records) -> None:
    relay, reader = Relay(bus, topic), Reader(bus, topic)
    reading = asyncio.create_task(reader.run(lambda: len(reader.applied) >= 10 + records))
    await relay.run(10)
    await until(lambda: len(reader.applied) == 10)
    await bus.delete_topic(topic)
    await relay.run(10 + records)
    await reading
    assert reader.applied == list(range(1, 11 + records))
    assert reader.located[-1] == (0, 0)
    identity, _ = reader.positions[0]
    assert identity.topic_id == (await bus.topic(topic)).topic_id


@pytest.mark.nightly
async def test_what_retention_took_is_passed_by(kafka, bus, topic) -> None:
    relay, reader = Relay(bus, topic), Reader(bus, topic)
    await relay.run(40)
    await reader.run(lambda: len(reader.applied) >= 40)
    await relay.run(80)
    async with an_admin(kafka) as admin:
        await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(60)})
    reader.applied = list(range(1, 61))
    reader.located.clear()
    await reader.run(lambda: len(reader.applied) >= 80)
    assert reader.located == [(0, 60)]


@pytest.mark.nightly
async def test_new_partitions_are_written_and_read(kafka, bus, topic) -> None:
    reader = Reader(bus, topic)
    reading = asyncio.create_task(reader.run(lambda: 1 in {c.partition for c in reader.read}))
    await bus.publish(topic, 0, [a_number(1)])
    async with an_admin(kafka) as admin:
        await admin.create_partitions({topic: NewPartitions(2)})
    while (await bus.topic(topic)).partitions == 1:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await Relay(bus, topic, partition=1, cursor=1).run(2)
    await reading
    assert reader.applied == [1, 2]


async def test_members_share_the_partitions_and_take_over_from_each_other(kafka, bus) -> None:
    topic = f"faults.{uuid4().hex}"
    await bus.topic(topic, partitions=4)
    first, second = Reader(bus, topic), Reader(bus, topic)
    second.group, second.positions = first.group, first.positions
    stopping: set[Reader] = set()
    one = asyncio.create_task(first.run(lambda: first in stopping))
    await until(lambda: first.partitions == {0, 1, 2, 3})
    two = asyncio.create_task(second.run(lambda: second in stopping))
    await until(lambda: len(second.partitions) == 2)
    for n in range(1, 5):
        await bus.publish(topic, n - 1, [a_number(n)])
    await until(lambda: first.numbers | second.numbers == {1, 2, 3, 4})
    assert len(second.numbers) == 2
    await until(lambda: len(first.places) == len(second.places) == 2)
    assert first.places | second.places == {(topic, n) for n in range(4)}
    first.located.clear()
    stopping.add(second)
    await two
    await until(lambda: first.partitions == {0, 1, 2, 3})
    for n in range(5, 9):
        await bus.publish(topic, n - 5, [a_number(n)])
    await until(lambda: first.numbers >= {5, 6, 7, 8})
    stopping.add(first)
    assert len(first.places) == 4
    await one
    assert (first.places, second.places) == (set(), set())
    assert len(first.numbers & second.numbers) == 0
