"""What the bus has seen of a producer: one restored from a backup must not give numbers again."""

import asyncio
from collections.abc import Mapping, Sequence

from mediaops_common.bus.port import Assigned, Bus, Record
from mediaops_common.events import REGISTRY
from mediaops_common.heads import decode_heads
from mediaops_common.ids import new_id

__all__ = ["Lane", "Restored", "numbers_on_bus", "refuse_if_behind", "topics_of"]

Lane = tuple[str, int, int]
"""(topic, shard, slot) of one producer."""

LOOK_BACK = 10_000
"""Records of a partition that are read: one number that is too high is enough."""


class Restored(Exception):
    """The bus has numbers above the database's own: it was restored from an older backup."""

    repair = (
        "stop, restore the newest backup of all that belongs together, and nothing less"
        " (docs/guides/backup-and-restore.md), then start"
    )


def topics_of(service: str) -> list[str]:
    """The topics of the events that a service writes into its outbox."""
    mine = (cls for cls in REGISTRY.values() if cls.event_name.startswith(f"{service}."))
    return sorted({str(cls.event_topic) for cls in mine})


async def numbers_on_bus(
    bus: Bus, producer: str, topics: Sequence[str], stopping: asyncio.Event
) -> dict[Lane, int] | None:
    """The highest number of each of the producer's lanes in the newest records of the topics; None
    when it is told to stop before it has read them all."""
    unread: dict[tuple[str, int], int | None] = {
        (topic, partition): None
        for topic in topics
        for partition in range((await bus.topic(topic)).partitions)
    }
    """Partition → its end, once it is located."""

    async def near_the_end(assigned: Sequence[Assigned]) -> list[int]:
        for topic, partition, _, bounds in assigned:
            if bounds.end > bounds.start:
                unread[topic, partition] = bounds.end
            else:
                unread.pop((topic, partition), None)
        return [max(one.bounds.start, one.bounds.end - LOOK_BACK) for one in assigned]

    found: dict[Lane, int] = {}
    # A group of this process alone: each replica looks at every partition.
    group = f"{producer}.numbers.{new_id().hex}"
    consumer = await bus.consumer(group, topics, near_the_end)
    try:
        while unread:
            if stopping.is_set():
                return None
            chunks = await consumer.poll(LOOK_BACK, 0.1)
            for chunk in chunks:
                for record in chunk.records:
                    if record.producer == producer:
                        _note(found, chunk.topic, record)
                end = unread.get((chunk.topic, chunk.partition))
                if end is not None and chunk.next_offset >= end:
                    del unread[chunk.topic, chunk.partition]
    finally:
        await consumer.close()
    return found


def _note(found: dict[Lane, int], topic: str, record: Record) -> None:
    if record.kind == "heads":
        seen = {
            (topic, stream.shard, int(slot)): number
            for stream in decode_heads(record).streams
            for slot, number in stream.numbers.items()
        }
    else:
        seen = {(topic, record.shard, record.slot): record.seq}
    for lane, number in seen.items():
        found[lane] = max(number, found.get(lane, 0))


def refuse_if_behind(own: Mapping[Lane, int], seen: Mapping[Lane, int]) -> None:
    """Raises Restored when a number was seen that is above the producer's own of that lane: the
    next that it gave there would name another event, which consumers would skip."""
    for lane, number in seen.items():
        if number > own.get(lane, 0):
            raise Restored(f"the bus has number {number} of lane {lane}, this database less")
