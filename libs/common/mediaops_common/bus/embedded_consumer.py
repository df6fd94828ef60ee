"""The reading side of the embedded bus: one member of a group, with every partition."""

import asyncio
from collections.abc import Sequence, Set
from typing import Protocol

from mediaops_common.bus.port import Assigned, Chunk, Locate, LogBounds, Place, TopicIdentity

__all__ = ["EmbeddedConsumer"]


class _Log(Protocol):
    """What a consumer asks of its bus."""

    async def bounds(self, places: Sequence[Place]) -> list[LogBounds]: ...

    def has_nothing_from(self, topic: str, partition: int, offset: int) -> bool: ...

    async def read_all(
        self, wanted: Sequence[tuple[str, int, int]], limit: int
    ) -> list[Chunk | None]: ...

    def forget(self, wake: asyncio.Event) -> None: ...


class EmbeddedConsumer:
    """Has every partition of its topics: there is one process."""

    def __init__(
        self,
        bus: _Log,
        identities: dict[str, TopicIdentity],
        locate: Locate,
        wake: asyncio.Event,
    ) -> None:
        self._bus = bus
        self._identities = identities
        self._locate = locate
        self._wake = wake
        self._offsets: dict[tuple[str, int], int] = {}

    @property
    def places(self) -> Set[tuple[str, int]]:
        return self._offsets.keys()

    async def poll(self, max_records: int, timeout: float) -> list[Chunk]:
        await self._locate_all()
        self._wake.clear()
        chunks = await self._read_all(max_records)
        if not chunks:
            try:
                await asyncio.wait_for(self._wake.wait(), timeout)
            except TimeoutError:
                return []
            chunks = await self._read_all(max_records)
        return chunks

    async def _locate_all(self) -> None:
        places = [
            (topic, n)
            for topic, identity in self._identities.items()
            for n in range(identity.partitions)
            if (topic, n) not in self._offsets
        ]
        if places:
            bounds = await self._bus.bounds(places)
            wanted = [
                Assigned(*place, self._identities[place[0]], its)
                for place, its in zip(places, bounds, strict=True)
            ]
            for one, offset in zip(wanted, await self._locate(wanted), strict=True):
                self._offsets[one.topic, one.partition] = offset

    async def _read_all(self, max_records: int) -> list[Chunk]:
        wanted = [
            (topic, partition, offset)
            for (topic, partition), offset in self._offsets.items()
            if not self._bus.has_nothing_from(topic, partition, offset)
        ]
        if not wanted:
            return []
        chunks = [c for c in await self._bus.read_all(wanted, max_records) if c is not None]
        return [chunk for chunk in chunks if self._follows(chunk)]

    def _follows(self, chunk: Chunk) -> bool:
        """Whether this is what was to be read next. If not, the log was trimmed past it: the next
        poll locates it."""
        place = (chunk.topic, chunk.partition)
        if chunk.next_offset - len(chunk.records) != self._offsets[place]:
            del self._offsets[place]
            return False
        self._offsets[place] = chunk.next_offset
        return True

    def relocate(self) -> None:
        self._offsets.clear()

    async def close(self) -> None:
        self._bus.forget(self._wake)
