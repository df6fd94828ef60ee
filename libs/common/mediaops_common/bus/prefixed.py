"""A bus whose topics and groups begin with a prefix: several installations share a cluster."""

from collections.abc import Sequence

from mediaops_common.bus.port import (
    Assigned,
    Bus,
    Chunk,
    Consumer,
    Locate,
    LogBounds,
    Place,
    Record,
    TopicIdentity,
)

__all__ = ["PrefixedBus"]


class PrefixedBus:
    """Nobody but the brokers sees the prefix."""

    def __init__(self, bus: Bus, prefix: str) -> None:
        self._bus, self._prefix = bus, prefix

    @property
    def trouble(self) -> str | None:
        return self._bus.trouble

    async def topic(self, name: str, *, partitions: int | None = None) -> TopicIdentity:
        return await self._bus.topic(self._prefix + name, partitions=partitions)

    async def retention_days(self, name: str) -> float | None:
        return await self._bus.retention_days(self._prefix + name)

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        await self._bus.publish(self._prefix + topic, partition, records)

    async def consumer(self, group: str, topics: Sequence[str], locate: Locate) -> Consumer:
        prefix = self._prefix

        async def find(assigned: Sequence[Assigned]) -> Sequence[int]:
            return await locate(
                [one._replace(topic=one.topic.removeprefix(prefix)) for one in assigned]
            )

        names = [prefix + name for name in topics]
        return _Consumer(await self._bus.consumer(prefix + group, names, find), prefix)

    async def bounds(self, places: Sequence[Place]) -> list[LogBounds]:
        return await self._bus.bounds([(self._prefix + topic, n) for topic, n in places])

    async def delete_topic(self, name: str) -> None:
        await self._bus.delete_topic(self._prefix + name)

    async def close(self) -> None:
        await self._bus.close()


class _Consumer:
    def __init__(self, consumer: Consumer, prefix: str) -> None:
        self._consumer, self._prefix = consumer, prefix

    @property
    def places(self) -> set[tuple[str, int]]:
        return {(topic.removeprefix(self._prefix), n) for topic, n in self._consumer.places}

    async def poll(self, max_records: int, timeout: float) -> list[Chunk]:
        chunks = await self._consumer.poll(max_records, timeout)
        return [chunk._replace(topic=chunk.topic.removeprefix(self._prefix)) for chunk in chunks]

    def relocate(self) -> None:
        self._consumer.relocate()

    async def close(self) -> None:
        await self._consumer.close()
