"""The embedded bus: a durable log in one SQLite file, for the runtime in one process."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import lz4.block
import msgspec

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
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Record])


class EmbeddedBus:
    """One connection in one thread writes and checkpoints; another in a thread of its own reads.

    Every publish is one transaction with `synchronous=FULL`: what was acknowledged is on disk.
    """

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
        self._published: set[asyncio.Event] = set()
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
        await self._write(self._append, topic, partition, records)
        for event in self._published:
            event.set()

    def _append(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        connection = self._writer
        assert connection is not None, "the bus is not open"
        blobs = [
            (len(part), lz4.block.compress(_encoder.encode(part)))
            for part in (
                records[start : start + SEGMENT_RECORDS]
                for start in range(0, len(records), SEGMENT_RECORDS)
            )
        ]
        now = time.time()
        with _transaction(connection):
            (base,) = connection.execute(
                "SELECT end_offset FROM log WHERE topic = ? AND partition = ?", (topic, partition)
            ).fetchone()
            for count, blob in blobs:
                connection.execute(
                    "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?)",
                    (topic, partition, base, count, now, blob),
                )
                base += count
            connection.execute(
                "UPDATE log SET end_offset = ? WHERE topic = ? AND partition = ?",
                (base, topic, partition),
            )
            if now - self._trimmed_at > 60:
                self._trimmed_at = now
                self._trim(connection, now - self._retention_seconds)

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
        self._published.add(wake)
        return EmbeddedConsumer(self, identities, locate, wake)

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
        return await self._read(self._read_records, topic, partition, offset, limit)

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
        self._published.discard(wake)

    async def close(self) -> None:
        if self._reader is not None:
            await self._read(self._reader.close)
        if self._writer is not None:
            await self._write(self._writer.close)
        self._reading.shutdown()
        self._writing.shutdown()


class EmbeddedConsumer:
    """Has every partition of its topics: there is one process."""

    def __init__(
        self,
        bus: EmbeddedBus,
        identities: dict[str, TopicIdentity],
        locate: Locate,
        wake: asyncio.Event,
    ) -> None:
        self._bus = bus
        self._identities = identities
        self._locate = locate
        self._wake = wake
        self._offsets: dict[tuple[str, int], int] = {}

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
        for topic, identity in self._identities.items():
            for partition in range(identity.partitions):
                if (topic, partition) not in self._offsets:
                    bounds = await self._bus.bounds(topic, partition)
                    offset = await self._locate(topic, partition, identity, bounds)
                    self._offsets[topic, partition] = offset

    async def _read_all(self, max_records: int) -> list[Chunk]:
        chunks = []
        for (topic, partition), offset in list(self._offsets.items()):
            chunk = await self._bus.read(topic, partition, offset, max_records)
            if chunk is not None:
                self._offsets[topic, partition] = chunk.next_offset
                chunks.append(chunk)
        return chunks

    def seek(self, topic: str, partition: int, offset: int) -> None:
        self._offsets[topic, partition] = offset

    def relocate(self) -> None:
        self._offsets.clear()

    async def close(self) -> None:
        self._bus.forget(self._wake)


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
