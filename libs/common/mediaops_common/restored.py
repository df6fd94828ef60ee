"""What the bus has seen of a producer: one restored from a backup must not give numbers again."""

from collections.abc import Mapping, Sequence

from mediaops_common.bus.port import Bus, LogBounds, Record, TopicIdentity
from mediaops_common.events import REGISTRY
from mediaops_common.heads import decode_heads

__all__ = ["Lane", "Restored", "numbers_on_bus", "refuse_if_behind", "topics_of"]

Lane = tuple[str, int, int]
"""(topic, shard, slot) of one producer."""

LOOK_BACK = 10_000
"""Records of a partition that are read: one number that is too high is enough."""


class Restored(Exception):
    """The bus has numbers above the database's own: it was restored from an older backup."""

    repair = "stop, restore the newest backup of the whole data directory, then start"


def topics_of(service: str) -> list[str]:
    """The topics of the events that a service writes into its outbox."""
    mine = (cls for cls in REGISTRY.values() if cls.event_name.startswith(f"{service}."))
    return sorted({str(cls.event_topic) for cls in mine})


async def numbers_on_bus(bus: Bus, producer: str, topics: Sequence[str]) -> dict[Lane, int]:
    """The highest number of each of the producer's lanes in the newest records of the topics."""
    unread: dict[tuple[str, int], int] = {}

    async def near_the_end(
        topic: str, partition: int, identity: TopicIdentity, bounds: LogBounds
    ) -> int:
        if bounds.end > bounds.start:
            unread[topic, partition] = bounds.end
        return max(bounds.start, bounds.end - LOOK_BACK)

    found: dict[Lane, int] = {}
    consumer = await bus.consumer(f"{producer}.numbers", topics, near_the_end)
    try:
        chunks = await consumer.poll(LOOK_BACK, 0.1)
        while unread:
            for chunk in chunks:
                for record in chunk.records:
                    if record.producer == producer:
                        _note(found, chunk.topic, record)
                if chunk.next_offset >= unread.get((chunk.topic, chunk.partition), 0):
                    unread.pop((chunk.topic, chunk.partition), None)
            chunks = await consumer.poll(LOOK_BACK, 0.1)
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
