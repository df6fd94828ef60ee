"""What every bus promises, as one suite: each bus inherits it."""

import asyncio
import time
from collections.abc import Sequence

from mediaops_common.bus import Assigned, Bus, Chunk, Consumer, Record


def a_record(n: int, key: bytes = b"k", value: bytes | None = None) -> Record:
    return Record(key, value or f"value {n}".encode(), "tests", 0, 0, n)


async def from_start(assigned: Sequence[Assigned]) -> list[int]:
    return [one.bounds.start for one in assigned]


class BusContract:
    """Give `bus` as a fixture; `reopened`, which closes and opens it again; and `trimmed`, which
    drops all that a partition holds now."""

    async def read(
        self, bus: Bus, topic: str, count: int, *, group: str = "g", locate=from_start
    ) -> list[Record]:
        """`count` records, and whatever comes at once behind them."""
        consumer = await bus.consumer(group, [topic], locate)
        records: list[Record] = []
        deadline = time.monotonic() + 240  # a group may take its time to form
        while chunks := await self._next(consumer, deadline, len(records) < count):
            for chunk in chunks:
                assert len(chunk.records) == len(chunk.offsets)
                records += chunk.records
        await consumer.close()
        return records

    async def _next(
        self, consumer: Consumer, deadline: float, is_awaited: bool, *, max_records: int = 1_000
    ) -> list[Chunk]:
        while True:
            chunks = await consumer.poll(max_records, 0.2)
            if chunks or not is_awaited or time.monotonic() > deadline:
                return chunks

    async def test_keeps_the_order_of_a_partition(self, bus: Bus) -> None:
        await bus.topic("t", partitions=2)
        for start in range(0, 300, 100):
            await bus.publish("t", 1, [a_record(n) for n in range(start, start + 100)])
        assert [r.seq for r in await self.read(bus, "t", 300)] == list(range(300))

    async def test_tells_how_long_a_topic_keeps_its_records(self, bus: Bus) -> None:
        await bus.topic("t", partitions=1)
        assert await bus.retention_days("t") == 7

    async def test_gives_records_back_as_they_were(self, bus: Bus) -> None:
        await bus.topic("t", partitions=1)
        sent = [
            Record("键".encode(), b"\x00\xff" * 10, "ingest", 63, 5, 2**62, "event"),
            Record(b"", b"", "ingest", 0, 0, 0, "heads"),
        ]
        await bus.publish("t", 0, sent)
        assert await self.read(bus, "t", 2) == sent

    async def test_tells_the_bounds_of_many_logs_at_once(self, bus: Bus) -> None:
        for topic in ("t", "u"):
            await bus.topic(topic, partitions=2)
        await bus.publish("u", 1, [a_record(1), a_record(2)])
        told = await bus.bounds([("u", 1), ("t", 0), ("u", 0)])
        assert told == [(0, 2), (0, 0), (0, 0)]

    async def test_groups_are_independent_and_a_new_one_begins_at_the_beginning(
        self, bus: Bus
    ) -> None:
        await bus.topic("t", partitions=1)
        await bus.publish("t", 0, [a_record(1), a_record(2)])
        assert len(await self.read(bus, "t", 2, group="a")) == 2
        assert len(await self.read(bus, "t", 2, group="b")) == 2

    async def test_begins_where_the_caller_says(self, bus: Bus) -> None:
        await bus.topic("t", partitions=1)
        await bus.publish("t", 0, [a_record(n) for n in range(10)])

        async def at_seven(assigned: Sequence[Assigned]) -> list[int]:
            return [7 for _ in assigned]

        assert [r.seq for r in await self.read(bus, "t", 3, locate=at_seven)] == [7, 8, 9]

    async def test_a_rewind_repeats(self, bus: Bus) -> None:
        await bus.topic("t", partitions=1)
        await bus.publish("t", 0, [a_record(n) for n in range(4)])
        begins = iter((0, 2))

        async def one_after_the_other(assigned: Sequence[Assigned]) -> list[int]:
            return [next(begins)]

        consumer = await bus.consumer("g", ["t"], one_after_the_other)
        deadline = time.monotonic() + 30
        (chunk,) = await self._next(consumer, deadline, True)
        assert len(chunk.records) == 4
        consumer.relocate()
        (chunk,) = await self._next(consumer, deadline, True)
        assert [r.seq for r in chunk.records] == [2, 3]
        await consumer.close()

    async def test_a_log_trimmed_past_a_consumer_that_reads_it_is_located_anew(
        self, bus: Bus, trimmed
    ) -> None:
        await bus.topic("t", partitions=1)
        await bus.publish("t", 0, [a_record(n) for n in range(10)])
        asked: list[tuple[int, int]] = []
        position = 0

        async def where_it_is(assigned: Sequence[Assigned]) -> list[int]:
            (one,) = assigned
            asked.append(one.bounds)
            return [max(position, one.bounds.start)]

        consumer = await bus.consumer("g", ["t"], where_it_is)
        deadline = time.monotonic() + 240
        (chunk,) = await self._next(consumer, deadline, True, max_records=3)
        position = chunk.next_offset
        await bus.publish("t", 0, [a_record(n) for n in range(10, 20)])
        await trimmed("t", 0)
        await bus.publish("t", 0, [a_record(20)])
        while position < 21:
            for chunk in await self._next(consumer, deadline, True):
                position = chunk.next_offset
        assert [r.seq for r in chunk.records][-1] == 20
        assert (asked[0], asked[-1]) == ((0, 10), (20, 21))
        await consumer.close()

    async def test_a_waiting_consumer_wakes_when_something_comes(self, bus: Bus) -> None:
        await bus.topic("t", partitions=1)
        consumer = await bus.consumer("g", ["t"], from_start)
        assert await consumer.poll(10, 0.05) == []
        waiting = asyncio.create_task(consumer.poll(10, 40.0))
        await asyncio.sleep(0.05)
        await bus.publish("t", 0, [a_record(1)])
        assert len((await asyncio.wait_for(waiting, 20.0))[0].records) == 1
        await consumer.close()

    async def test_limits_what_one_poll_gives(self, bus: Bus) -> None:
        await bus.topic("t", partitions=1)
        await bus.publish("t", 0, [a_record(n) for n in range(5_000)])
        consumer = await bus.consumer("g", ["t"], from_start)
        (chunk,) = await consumer.poll(7, 30.0)
        assert [r.seq for r in chunk.records] == list(range(7))
        assert chunk.next_offset == 7
        assert chunk.end == 5_000
        await consumer.close()

    async def test_a_publish_that_is_repeated_whole_is_there_twice(self, bus: Bus) -> None:
        # A producer that does not know whether its publish arrived repeats it; the bus does not
        # hide that, the lanes do.
        await bus.topic("t", partitions=1)
        for _ in range(2):
            await bus.publish("t", 0, [a_record(1), a_record(2)])
        assert [r.seq for r in await self.read(bus, "t", 4)] == [1, 2, 1, 2]

    async def test_keeps_identity_and_records_over_a_restart(self, bus: Bus, reopened) -> None:
        before = await bus.topic("t", partitions=3)
        await bus.publish("t", 2, [a_record(1)])
        again = await reopened()
        assert await again.topic("t", partitions=8) == before
        assert [r.seq for r in await self.read(again, "t", 1)] == [1]

    async def test_a_topic_made_again_is_another_topic(self, bus: Bus) -> None:
        before = await bus.topic("t", partitions=1)
        await bus.publish("t", 0, [a_record(1)])
        await bus.delete_topic("t")
        after = await bus.topic("t", partitions=1)
        assert after.topic_id != before.topic_id
        await bus.publish("t", 0, [a_record(2)])
        assert [r.seq for r in await self.read(bus, "t", 1)] == [2]
