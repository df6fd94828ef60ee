"""The writing side of the day files: one thread, one connection, a transaction for each group."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from mediaops_common.clock import Clock

from mediaops_ingest.delivery_log.days import DayFiles, first_seq, utc_day
from mediaops_ingest.delivery_log.rows import COLUMNS, Row

__all__ = ["DayWriter"]

STATEMENT_ROWS = 64
"""A group of up to 64 rows is one statement, and so a transaction of its own. Each step of SQLite
gives up the interpreter's lock and must win it back from a busy event loop; one step, once."""

CHECKPOINT_BYTES = 4 << 20
"""Small checkpoints often: one of 4 MiB holds up the next group for some milliseconds only."""
LARGE_WAL_BYTES = 64 << 20
"""From here on a checkpoint waits a little for readers, so that the WAL begins anew."""
ROW_BYTES = 200
"""What a row weighs beside its head and body, roughly."""


class DayWriter:
    """Used from one thread only, but for what says so."""

    def __init__(self, files: DayFiles, clock: Clock) -> None:
        self._files = files
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._day = max([utc_day(clock.now()), *files.days()[-1:]])
        self._last = 0
        self._wal_bytes = 0

    @property
    def is_tidy(self) -> bool:
        """Whether nothing is left for `tidy`. May be asked from any thread."""
        return self._connection is not None and not self._wal_bytes

    @property
    def is_wal_large(self) -> bool:
        """Whether it is time to `checkpoint`. May be asked from any thread."""
        return self._wal_bytes > CHECKPOINT_BYTES

    def open(self) -> None:
        """Opens the newest file when none is open. Raises sqlite3.Error or OSError when it cannot
        be written."""
        # A clock that steps back never leads back to an earlier file: readers may have left it.
        day = max(self._day, utc_day(self._clock.now()))
        if self._connection is None or day > self._day:
            self._open(day)

    def commit(self, rows: Sequence[Row]) -> int:
        """All rows or none; returns the seq of the first."""
        self.open()
        assert self._connection is not None
        first = self._last + 1
        values: list[Any] = []
        for seq, row in enumerate(rows, first):
            values += (seq, *row)
            self._wal_bytes += ROW_BYTES + len(row[1]) + len(row[2])
        _insert(self._connection, values)
        self._last = first + len(rows) - 1
        return first

    def give_up(self) -> None:
        """After an error of the database nothing is certain: the file is opened anew."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def checkpoint(self) -> None:
        """Moves what was committed from the WAL to the file."""
        self._checkpoint("RESTART" if self._wal_bytes > LARGE_WAL_BYTES else "PASSIVE")

    def tidy(self) -> None:
        """While nobody waits: empties the WAL, or sees whether trouble is over and raises when it
        is not."""
        self.open()
        if self._wal_bytes:
            self._checkpoint("PASSIVE")

    def close(self) -> None:
        if self._connection is not None:
            self._checkpoint("TRUNCATE")
        self.give_up()

    def _open(self, day: int) -> None:
        fresh = self._files.open_writer(day)
        self.close()
        self._connection, self._day, self._wal_bytes = fresh, day, 0
        (newest,) = fresh.execute("SELECT max(seq) FROM delivery").fetchone()
        self._last = newest or first_seq(day)

    def _checkpoint(self, mode: str) -> None:
        if self._connection is None:
            return
        try:
            (_, left, moved) = self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        except sqlite3.Error:
            self.give_up()
            return
        # A reader may hold back a part; it is tried again when as much again was written.
        self._wal_bytes = 0 if left == moved else self._wal_bytes // 2


def _insert(connection: sqlite3.Connection, values: list[Any]) -> None:
    """All rows or none; `values` has four for each row."""
    width = 4 * STATEMENT_ROWS
    if len(values) <= width:
        connection.execute(_statement(len(values) // 4), values)
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for start in range(0, len(values), width):
            part = values[start : start + width]
            connection.execute(_statement(len(part) // 4), part)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


_statements: dict[int, str] = {}


def _statement(rows: int) -> str:
    statement = _statements.get(rows)
    if statement is None:
        places = ",".join(["(?,?,?,?)"] * rows)
        statement = _statements[rows] = f"INSERT INTO delivery ({COLUMNS}) VALUES {places}"
    return statement
