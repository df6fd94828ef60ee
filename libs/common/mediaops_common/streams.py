"""Publishing in lanes: groups records by partition and tells the heads."""

from collections.abc import Iterable
from datetime import datetime

from mediaops_common.bus.port import Bus, Record
from mediaops_common.heads import Stream, heads_record

__all__ = ["publish_heads", "publish_in_order"]


async def publish_in_order(bus: Bus, records: Iterable[tuple[str, Record]]) -> None:
    """Publishes (topic, record) pairs, one batch per partition; returns when all are durable.

    Raises at the first error: the caller ends its stream and starts anew at its cursor.
    """
    batches: dict[tuple[str, int], list[Record]] = {}
    partitions: dict[str, int] = {}
    for topic, record in records:
        if topic not in partitions:
            partitions[topic] = (await bus.topic(topic)).partitions
        batches.setdefault((topic, record.slot % partitions[topic]), []).append(record)
    for (topic, partition), batch in batches.items():
        await bus.publish(topic, partition, batch)


async def publish_heads(
    bus: Bus,
    producer: str,
    topic: str,
    streams: Iterable[tuple[int, int, dict[int, int], datetime | None]],
) -> None:
    """Publishes one heads record per partition of the topic.

    `streams` are (shard, fence, slot → last number before the cursor, through).
    """
    listed = list(streams)
    partitions = (await bus.topic(topic)).partitions
    for partition in range(partitions):
        told = [
            Stream(
                shard=shard,
                fence=fence,
                numbers={str(s): n for s, n in numbers.items() if s % partitions == partition},
                through=through,
            )
            for shard, fence, numbers, through in listed
        ]
        await bus.publish(topic, partition, [heads_record(producer, told)])
