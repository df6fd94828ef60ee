"""Publishing in lanes: groups records by partition and tells the heads."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
import structlog

from mediaops_common.aside import aside
from mediaops_common.bus.port import LARGEST_VALUE, Bus, Place, Record
from mediaops_common.heads import Stream, heads_record

__all__ = [
    "by_partition",
    "partitions_of",
    "publish_batches",
    "publish_heads",
    "publish_in_order",
]

log = structlog.get_logger(__name__)


async def publish_in_order(bus: Bus, records: Sequence[tuple[str, Record]]) -> None:
    """Publishes (topic, record) pairs, one batch per partition; returns when all are durable.

    Partitions are published at once. Raises when any of them failed: the caller ends its stream and
    starts anew at its cursor.
    """
    partitions = await partitions_of(bus, {topic for topic, _ in records})
    await publish_batches(bus, await aside(len(records), by_partition, records, partitions))


async def partitions_of(bus: Bus, topics: Iterable[str]) -> dict[str, int]:
    return {topic: (await bus.topic(topic)).partitions for topic in topics}


async def publish_batches(bus: Bus, batches: Mapping[Place, Sequence[Record]]) -> None:
    """As `publish_in_order`, of records that are in batches already."""
    await _all_of(
        bus.publish(topic, partition, batch) for (topic, partition), batch in batches.items()
    )


def by_partition(
    records: Iterable[tuple[str, Record]], partitions: Mapping[str, int]
) -> dict[Place, list[Record]]:
    """The records in batches, each in order."""
    batches: defaultdict[Place, list[Record]] = defaultdict(list)
    for topic, record in records:
        place = (topic, record.slot % partitions[topic])
        batches[place].append(
            record if len(record.value) <= LARGEST_VALUE else _number_alone(record)
        )
    return batches


def _number_alone(record: Record) -> Record:
    """An event that no broker takes goes out as its number alone: tried for ever, it would stop
    all that come after it. Who compares the counters sees that it is missing."""
    where = {"producer": record.producer, "slot": record.slot, "seq": record.seq}
    log.error("event_too_large", bytes=len(record.value), **where)
    return msgspec.structs.replace(record, value=b"", kind="void")


async def publish_heads(
    bus: Bus,
    producer: str,
    topic: str,
    streams: Iterable[tuple[int, int, dict[int, int], datetime | None]],
    floors: Mapping[int, int] | None = None,
) -> None:
    """Publishes one heads record per partition of the topic.

    `streams` are (shard, fence, slot → last number before the cursor, through); `floors`: slot →
    the lowest number that can still be published.
    """
    listed = list(streams)
    partitions = (await bus.topic(topic)).partitions
    await _all_of(
        bus.publish(
            topic, partition, [_heads(producer, listed, floors or {}, partitions, partition)]
        )
        for partition in range(partitions)
    )


def _heads(
    producer: str,
    streams: Iterable[tuple[int, int, dict[int, int], datetime | None]],
    floors: Mapping[int, int],
    partitions: int,
    partition: int,
) -> Record:
    told = [
        Stream(
            shard=shard,
            fence=fence,
            numbers={str(s): n for s, n in numbers.items() if s % partitions == partition},
            floors={
                str(slot): floor
                for slot, floor in floors.items()
                if slot in numbers and slot % partitions == partition and floor > 1
            },
            through=through,
        )
        for shard, fence, numbers, through in streams
    ]
    return heads_record(producer, told)


async def _all_of(publishes: Iterable[Awaitable[None]]) -> None:
    """Waits for every one of them, and only then raises what the first one raised: nothing of a
    stream that has ended may still be under way when the next begins."""
    for outcome in await asyncio.gather(*publishes, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
