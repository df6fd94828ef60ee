"""The embedded bus on disk: segments of records in one SQLite file, a writer and a reader of it."""

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

import lz4.block
import msgspec

from mediaops_common.bus.port import Chunk, LogBounds, Place, Record, TopicIdentity
from mediaops_common.ids import new_id

__all__ = ["Batch", "FileReader", "FileWriter"]

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

TRIM_SECONDS = 60

Batch = tuple[Place, Sequence[Record]]

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Record])


class FileWriter:
    """The one connection that writes and checkpoints the file; lives in one thread.

    With `synchronous=FULL`, what a method wrote when it returns is on disk.
    """

    def __init__(self, path: Path, retention_seconds: float) -> None:
        self._retention_seconds = retention_seconds
        self._trimmed_at = 0.0
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("PRAGMA journal_size_limit=67108864")
        self._connection.executescript(SCHEMA)
        if self._connection.execute("SELECT count(*) FROM cluster").fetchone()[0] == 0:
            self._connection.execute("INSERT INTO cluster VALUES (?)", (str(new_id()),))
        (self._cluster_id,) = self._connection.execute("SELECT id FROM cluster").fetchone()

    def make_topic(self, name: str, partitions: int) -> TopicIdentity:
        """The topic as it is; made with so many partitions when there is none."""
        with _transaction(self._connection):
            self._connection.execute(
                "INSERT INTO topic VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (name, str(new_id()), partitions),
            )
            topic_id, count = self._connection.execute(
                "SELECT id, partitions FROM topic WHERE name = ?", (name,)
            ).fetchone()
            self._connection.executemany(
                "INSERT INTO log VALUES (?, ?, 0, 0) ON CONFLICT DO NOTHING",
                [(name, partition) for partition in range(count)],
            )
        return TopicIdentity(self._cluster_id, topic_id, count)

    def append(self, batches: Sequence[Batch]) -> dict[Place, int]:
        """Adds all of them or none; returns where the partitions end now."""
        now = time.time()
        ends: dict[Place, int] = {}
        packed = [(place, _segments(records)) for place, records in batches]
        with _transaction(self._connection):
            for place, segments in packed:
                if place not in ends:
                    (ends[place],) = self._connection.execute(
                        "SELECT end_offset FROM log WHERE topic = ? AND partition = ?", place
                    ).fetchone()
                for count, blob in segments:
                    self._connection.execute(
                        "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?)",
                        (*place, ends[place], count, now, blob),
                    )
                    ends[place] += count
            self._connection.executemany(
                "UPDATE log SET end_offset = ? WHERE topic = ? AND partition = ?",
                [(end, *place) for place, end in ends.items()],
            )
            if now - self._trimmed_at > TRIM_SECONDS:
                self._trimmed_at = now
                self._trim(now - self._retention_seconds)
        return ends

    def _trim(self, before: float) -> None:
        """Drops what is older than the retention, a bounded number of segments at a time."""
        for place in self._connection.execute("SELECT topic, partition FROM log").fetchall():
            old = self._connection.execute(
                "SELECT base, count, at FROM segment WHERE topic = ? AND partition = ?"
                " ORDER BY base LIMIT 1000",
                place,
            ).fetchall()
            last = None
            for base, count, at in old:
                if at >= before:
                    break
                last = base + count
            if last is not None:
                self._connection.execute(
                    "DELETE FROM segment WHERE topic = ? AND partition = ? AND base < ?",
                    (*place, last),
                )
                self._connection.execute(
                    "UPDATE log SET start_offset = ? WHERE topic = ? AND partition = ?",
                    (last, *place),
                )

    def delete_topic(self, name: str) -> None:
        with _transaction(self._connection):
            for table in ("segment", "log"):
                self._connection.execute(f"DELETE FROM {table} WHERE topic = ?", (name,))
            self._connection.execute("DELETE FROM topic WHERE name = ?", (name,))

    def close(self) -> None:
        self._connection.close()


class FileReader:
    """A connection that reads the file; lives in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(
            f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA busy_timeout=10000")

    def bounds(self, topic: str, partition: int) -> LogBounds:
        row = self._connection.execute(
            "SELECT start_offset, end_offset FROM log WHERE topic = ? AND partition = ?",
            (topic, partition),
        ).fetchone()
        return LogBounds(*row) if row else LogBounds(0, 0)

    def read(self, topic: str, partition: int, offset: int, limit: int) -> Chunk | None:
        """Up to `limit` records from `offset` on, or None when there is nothing (yet)."""
        bounds = self.bounds(topic, partition)
        if bounds.end <= offset:
            return None
        offset = max(offset, bounds.start)
        rows = self._connection.execute(
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

    def close(self) -> None:
        self._connection.close()


def _segments(records: Sequence[Record]) -> list[tuple[int, bytes]]:
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
