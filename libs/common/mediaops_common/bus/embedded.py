"""The embedded bus: a durable log in one SQLite file, for the runtime in one process."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import lz4.block
import msgspec

from mediaops_common.bus.embedded_consumer import EmbeddedConsumer
from mediaops_common.bus.port import Chunk, Locate, LogBounds, Record, TopicIdentity
from mediaops_common.ids import new_id

__all__ = ["EmbeddedBus"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS cluster (id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS topic (
    name TEXT PRIMARY KEY, id TEXT NOT NULL, partitions INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS log (
    topic TEXT NOT NULL, partition INTEGER NOT NULL,
    start_offset INTEGER NOT NULL, end_offset INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
);
CREATE TABLE IF NOT EXISTS segment (
    topic TEXT NOT NULL, partition INTEGER NOT NULL, base INTEGER NOT NULL,
    count INTEGER NOT NULL, at REAL NOT NULL, records BLOB NOT NULL,
    PRIMARY KEY (topic, partition, base)
) WITHOUT ROWID;
"""

SEGMENT_RECORDS = 2_000
"""At most so many records in one row: what one read decodes at a time."""

T = TypeVar("T")
Place = tuple[str, int]
"""(topic, partition)."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Record])


class _Publish(NamedTuple):
    """One batch of one partition, and who waits until it is durable."""

    topic: str
    partition: int
    records: Sequence[Record]
    done: "asyncio.Future[None]"

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class EmbeddedBus:
    """One connection in one thread writes and checkpoints; another in a thread of its own reads.

    Publishes that wait together share one transaction with `synchronous=FULL`: what was
    acknowledged is on disk.
    """

    trouble: str | None = None

    def __init__(self, path: Path, *, partitions: int = 2, retention_seconds: float = 604_800):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._partitions = partitions
        self._retention_seconds = retention_seconds
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="bus-write")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="bus-read")
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._topics: dict[str, TopicIdentity] = {}
        self._waiting: list[_Publish] = []
        self._draining: asyncio.Task[None] | None = None
        self._ends: dict[Place, int] = {}
        """Ends of partitions since this process published to them."""
        self._listening: dict[str, set[asyncio.Event]] = {}
        self._trimmed_at = 0.0

    async def open(self) -> None:
        await self._write(self._open_writer)
        await self._read(self._open_reader)

    def _open_writer(self) -> None:
        self._writer = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
            self._writer.execute(f"PRAGMA {pragma}")
        self._writer.execute("PRAGMA journal_size_limit=67108864")
        self._writer.executescript(SCHEMA)
        if self._writer.execute("SELECT count(*) FROM cluster").fetchone()[0] == 0:
            self._writer.execute("INSERT INTO cluster VALUES (?)", (str(new_id()),))
        self._cluster_id: str = self._writer.execute("SELECT id FROM cluster").fetchone()[0]

    def _open_reader(self) -> None:
        self._reader = sqlite3.connect(
            f"file:{self._path}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )
        self._reader.execute("PRAGMA busy_timeout=10000")

    async def _write(self, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writing, work, *args)

    async def _read(self, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reading, work, *args)

    async def topic(self, name: str, *, partitions: int | None = None) -> TopicIdentity:
        known = self._topics.get(name)
        if known is None:
            known = await self._write(self._make_topic, name, partitions or self._partitions)
            self._topics[name] = known
        return known

    def _make_topic(self, name: str, partitions: int) -> TopicIdentity:
        connection = self._writer
        assert connection is not None, "the bus is not open"
        with _transaction(connection):
            connection.execute(
                "INSERT INTO topic VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (name, str(new_id()), partitions),
            )
            topic_id, count = connection.execute(
                "SELECT id, partitions FROM topic WHERE name = ?", (name,)
            ).fetchone()
            connection.executemany(
                "INSERT INTO log VALUES (?, ?, 0, 0) ON CONFLICT DO NOTHING",
                [(name, partition) for partition in range(count)],
            )
        return TopicIdentity(self._cluster_id, topic_id, count)

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        identity = await self.topic(topic)
        if not 0 <= partition < identity.partitions:
            raise ValueError(f"{topic} has no partition {partition}")
        publish = _Publish(topic, partition, records, asyncio.get_running_loop().create_future())
        self._waiting.append(publish)
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())
        await asyncio.shield(publish.done)

    async def _drain(self) -> None:
        """Writes what waits, and what comes meanwhile: who waits together shares a transaction."""
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                try:
                    ends = await self._write(self._append, group)
                except Exception as error:
                    for publish in group:
                        publish.fail(error)
                    continue
                self._ends.update(ends)
                for publish in group:
                    if not publish.done.done():
                        publish.done.set_result(None)
                for topic in {publish.topic for publish in group}:
                    for event in self._listening.get(topic, ()):
                        event.set()
        finally:
            self._draining = None

    def _append(self, group: Sequence["_Publish"]) -> dict[Place, int]:
        connection = self._writer
        assert connection is not None, "the bus is not open"
        now = time.time()
        ends: dict[Place, int] = {}
        blobs = [(publish, _blobs(publish.records)) for publish in group]
        with _transaction(connection):
            for publish, segments in blobs:
                place = (publish.topic, publish.partition)
                if place not in ends:
                    (ends[place],) = connection.execute(
                        "SELECT end_offset FROM log WHERE topic = ? AND partition = ?", place
                    ).fetchone()
                for count, blob in segments:
                    connection.execute(
                        "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?)",
                        (*place, ends[place], count, now, blob),
                    )
                    ends[place] += count
            connection.executemany(
                "UPDATE log SET end_offset = ? WHERE topic = ? AND partition = ?",
                [(end, *place) for place, end in ends.items()],
            )
            if now - self._trimmed_at > 60:
                self._trimmed_at = now
                self._trim(connection, now - self._retention_seconds)
        return ends

    def _trim(self, connection: sqlite3.Connection, before: float) -> None:
        """Drops what is older than the retention, a bounded number of segments at a time."""
        for topic, partition in connection.execute("SELECT topic, partition FROM log").fetchall():
            old = connection.execute(
                "SELECT base, count, at FROM segment WHERE topic = ? AND partition = ?"
                " ORDER BY base LIMIT 1000",
                (topic, partition),
            ).fetchall()
            last = None
            for base, count, at in old:
                if at >= before:
                    break
                last = base + count
            if last is not None:
                connection.execute(
                    "DELETE FROM segment WHERE topic = ? AND partition = ? AND base < ?",
                    (topic, partition, last),
                )
                connection.execute(
                    "UPDATE log SET start_offset = ? WHERE topic = ? AND partition = ?",
                    (last, topic, partition),
                )

    async def delete_topic(self, name: str) -> None:
        self._topics.pop(name, None)
        await self._write(self._delete_topic, name)
        self._ends = {place: end for place, end in self._ends.items() if place[0] != name}

    def _delete_topic(self, name: str) -> None:
        connection = self._writer
        assert connection is not None, "the bus is not open"
        with _transaction(connection):
            for table in ("segment", "log"):
                connection.execute(f"DELETE FROM {table} WHERE topic = ?", (name,))
            connection.execute("DELETE FROM topic WHERE name = ?", (name,))

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

    async def bounds(self, topic: str, partition: int) -> LogBounds:
        """The first readable offset of a partition and the one after its last."""
        return await self._read(self._bounds, topic, partition)

    def _bounds(self, topic: str, partition: int) -> LogBounds:
        assert self._reader is not None, "the bus is not open"
        row = self._reader.execute(
            "SELECT start_offset, end_offset FROM log WHERE topic = ? AND partition = ?",
            (topic, partition),
        ).fetchone()
        return LogBounds(*row) if row else LogBounds(0, 0)

    async def read(self, topic: str, partition: int, offset: int, limit: int) -> Chunk | None:
        """Up to `limit` records from `offset` on, or None when there is nothing (yet)."""
        (chunk,) = await self.read_all([(topic, partition, offset)], limit)
        return chunk

    async def read_all(
        self, wanted: Sequence[tuple[str, int, int]], limit: int
    ) -> list[Chunk | None]:
        """The same of several partitions, in one visit to the reading thread."""
        return await self._read(lambda: [self._read_records(*one, limit) for one in wanted])

    def _read_records(self, topic: str, partition: int, offset: int, limit: int) -> Chunk | None:
        assert self._reader is not None, "the bus is not open"
        bounds = self._bounds(topic, partition)
        if bounds.end <= offset:
            return None
        offset = max(offset, bounds.start)
        rows = self._reader.execute(
            "SELECT base, records FROM segment WHERE topic = ? AND partition = ? AND base >= ("
            " SELECT max(base) FROM segment WHERE topic = ? AND partition = ? AND base <= ?)"
            " ORDER BY base LIMIT 200",
            (topic, partition, topic, partition, offset),
        )
        records: list[Record] = []
        for base, blob in rows:
            part = _decoder.decode(lz4.block.decompress(blob))
            records += part[offset - base :] if base < offset else part
            if len(records) >= limit:
                break
        rows.close()
        records = records[:limit]
        after = offset + len(records)
        return Chunk(topic, partition, records, range(offset, after), after, bounds.end)

    def forget(self, wake: asyncio.Event) -> None:
        for listening in self._listening.values():
            listening.discard(wake)

    async def close(self) -> None:
        if self._draining is not None:
            await self._draining
        if self._reader is not None:
            await self._read(self._reader.close)
        if self._writer is not None:
            await self._write(self._writer.close)
        self._reading.shutdown()
        self._writing.shutdown()


def _blobs(records: Sequence[Record]) -> list[tuple[int, bytes]]:
    parts = (records[at : at + SEGMENT_RECORDS] for at in range(0, len(records), SEGMENT_RECORDS))
    return [(len(part), lz4.block.compress(_encoder.encode(part))) for part in parts]


class _transaction:
    """BEGIN IMMEDIATE … COMMIT on a raw connection; ROLLBACK when the block raises."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:  # a COMMIT that failed (a full disk) leaves the transaction open
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
