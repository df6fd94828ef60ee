"""The embedded bus: a durable log in one SQLite file, for the runtime in one process."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from mediaops_common.bus.embedded_consumer import EmbeddedConsumer
from mediaops_common.bus.embedded_file import Batch, FileReader, FileWriter
from mediaops_common.bus.port import Chunk, Locate, LogBounds, Place, Record, TopicIdentity

__all__ = ["EmbeddedBus"]

T = TypeVar("T")


class _Publish(NamedTuple):
    """One batch of one partition, and who waits until it is durable."""

    batch: Batch
    done: "asyncio.Future[None]"

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class EmbeddedBus:
    """One connection in one thread writes and checkpoints; another in a thread of its own reads.

    Publishes that wait together share one transaction: what was acknowledged is on disk.
    """

    trouble: str | None = None

    _writer: FileWriter
    _reader: FileReader

    def __init__(self, path: Path, *, partitions: int = 2, retention_seconds: float = 604_800):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._partitions = partitions
        self._retention_seconds = retention_seconds
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="bus-write")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="bus-read")
        self._is_open = False
        self._topics: dict[str, TopicIdentity] = {}
        self._waiting: list[_Publish] = []
        self._draining: asyncio.Task[None] | None = None
        self._ends: dict[Place, int] = {}
        """Ends of partitions since this process published to them."""
        self._listening: dict[str, set[asyncio.Event]] = {}

    async def open(self) -> None:
        self._writer = await self._write(FileWriter, self._path, self._retention_seconds)
        self._reader = await self._read(FileReader, self._path)
        self._is_open = True

    async def _write(self, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writing, work, *args)

    async def _read(self, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reading, work, *args)

    async def topic(self, name: str, *, partitions: int | None = None) -> TopicIdentity:
        known = self._topics.get(name)
        if known is None:
            wanted = partitions or self._partitions
            known = await self._write(self._writer.make_topic, name, wanted)
            self._topics[name] = known
        return known

    async def retention_days(self, name: str) -> float | None:
        return self._retention_seconds / 86_400

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        identity = await self.topic(topic)
        if not 0 <= partition < identity.partitions:
            raise ValueError(f"{topic} has no partition {partition}")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Publish(((topic, partition), records), done))
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())
        await asyncio.shield(done)

    async def _drain(self) -> None:
        """Writes what waits, and what comes meanwhile: who waits together shares a transaction."""
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                batches = [publish.batch for publish in group]
                try:
                    ends = await self._write(self._writer.append, batches)
                except Exception as error:
                    for publish in group:
                        publish.fail(error)
                    continue
                self._ends.update(ends)
                for publish in group:
                    if not publish.done.done():
                        publish.done.set_result(None)
                for topic in {topic for topic, _partition in ends}:
                    for event in self._listening.get(topic, ()):
                        event.set()
        finally:
            self._draining = None

    async def delete_topic(self, name: str) -> None:
        self._topics.pop(name, None)
        await self._write(self._writer.delete_topic, name)
        self._ends = {place: end for place, end in self._ends.items() if place[0] != name}

    async def consumer(
        self, group: str, topics: Sequence[str], locate: Locate
    ) -> "EmbeddedConsumer":
        identities = {name: await self.topic(name) for name in topics}
        wake = asyncio.Event()
        for name in topics:
            self._listening.setdefault(name, set()).add(wake)
        return EmbeddedConsumer(self, identities, locate, wake)

    def has_nothing_from(self, topic: str, partition: int, offset: int) -> bool:
        """Whether it is known, without a look at the file, that nothing lies there."""
        return self._ends.get((topic, partition), offset + 1) <= offset

    async def bounds(self, places: Sequence[Place]) -> list[LogBounds]:
        """Of each (topic, partition) the first readable offset and the one after its last."""
        return await self._read(lambda: [self._reader.bounds(*place) for place in places])

    async def read(self, topic: str, partition: int, offset: int, limit: int) -> Chunk | None:
        """Up to `limit` records from `offset` on, or None when there is nothing (yet)."""
        (chunk,) = await self.read_all([(topic, partition, offset)], limit)
        return chunk

    async def read_all(
        self, wanted: Sequence[tuple[str, int, int]], limit: int
    ) -> list[Chunk | None]:
        """The same of several partitions, in one visit to the reading thread."""
        return await self._read(lambda: [self._reader.read(*one, limit) for one in wanted])

    def forget(self, wake: asyncio.Event) -> None:
        for listening in self._listening.values():
            listening.discard(wake)

    async def close(self) -> None:
        if self._draining is not None:
            await self._draining
        if self._is_open:
            await self._read(self._reader.close)
            await self._write(self._writer.close)
        self._reading.shutdown()
        self._writing.shutdown()
