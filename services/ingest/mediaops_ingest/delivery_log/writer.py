"""The one thread that writes the log: whoever waits shares the next transaction."""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from mediaops_common.clock import Clock, monotonic

from mediaops_ingest.delivery_log.days import DayFiles, first_seq, utc_day
from mediaops_ingest.delivery_log.intake import Waiting, gather
from mediaops_ingest.delivery_log.port import LogUnavailable
from mediaops_ingest.delivery_log.rows import COLUMNS, to_row

__all__ = ["GroupWriter", "Settle"]

STATEMENT_ROWS = 64
"""A group of up to 64 rows is one statement, and so a transaction of its own. Each step of SQLite
gives up the interpreter's lock and must win it back from a busy event loop; one step, once."""

CHECKPOINT_BYTES = 4 << 20
"""Small checkpoints often: one of 4 MiB holds up the next group for some milliseconds only."""
LARGE_WAL_BYTES = 64 << 20
"""From here on a checkpoint waits a little for readers, so that the WAL begins anew."""
IDLE_SECONDS = 1.0
RETRY_SECONDS = 0.5
"""After trouble with the disk, how long requests are refused before the file is opened again."""


Settle = Callable[[list[Waiting], int, Exception | None], None]
"""Called in the writer's thread: a group, its first seq, or what went wrong with it."""


class GroupWriter:
    """Takes what waits, commits it as one transaction, tells everyone, and begins again.

    There is no linger: the next group gathers while the disk works on this one.
    """

    def __init__(self, files: DayFiles, clock: Clock, settle: Settle) -> None:
        self._files = files
        self._clock = clock
        self._settle = settle
        self._queue: deque[Waiting | None] = deque()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._is_asleep = False
        self._thread = threading.Thread(target=self._run, name="delivery-log", daemon=True)
        self._connection: sqlite3.Connection | None = None
        self._refuse_until = 0.0
        self._day = max([utc_day(clock.now()), *files.days()[-1:]])
        self._last = 0
        self._wal_bytes = 0
        self.trouble: str | None = None
        self.newest_seq = max((files.newest_in(day) for day in files.days()), default=0)

    def start(self) -> None:
        """Opens the newest file, so that a log that cannot be written is known at once."""
        self._open(self._day)
        self._thread.start()

    def submit(self, waiting: Waiting | None) -> None:
        """Hands it over. The bell is rung only for a sleeping writer: each ring costs a switch
        between the threads, and a busy writer looks at the queue by itself."""
        self._queue.append(waiting)
        if self._is_asleep:
            self._is_asleep = False
            self._bell.put(None)

    def stop(self, timeout: float) -> None:
        """Writes what was submitted before, closes the file, ends the thread."""
        self.submit(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        is_running = True
        while is_running:
            group, is_last = gather(self._queue)
            is_running = not is_last
            if group:
                self._write(group)
            elif is_running:
                self._sleep()
        self._close()

    def _sleep(self) -> None:
        self._is_asleep = True
        if self._queue:
            # It came between the look and the nap, perhaps without a ring.
            self._is_asleep = False
            return
        is_tidy = not self._wal_bytes and self.trouble is None
        try:
            self._bell.get(timeout=None if is_tidy else IDLE_SECONDS)
        except Empty:
            self._tidy()
        self._is_asleep = False

    def _write(self, group: list[Waiting]) -> None:
        try:
            if monotonic() < self._refuse_until:
                raise LogUnavailable("the delivery log had trouble a moment ago")
            first = self._commit(group)
        except (sqlite3.Error, OSError, LogUnavailable) as error:
            self._recover(error)
            self._settle(group, 0, error)
            return
        except Exception as error:
            # Something in it cannot be stored; only the request that brought it shall fail.
            if len(group) == 1:
                self._settle(group, 0, error)
            else:
                for waiting in group:
                    self._write([waiting])
            return
        self._settle(group, first, None)
        # The senders have their answers; only the next group waits for this.
        if self._wal_bytes > LARGE_WAL_BYTES:
            self._checkpoint("RESTART")
        elif self._wal_bytes > CHECKPOINT_BYTES:
            self._checkpoint("PASSIVE")

    def _commit(self, group: list[Waiting]) -> int:
        connection = self._ready()
        first = seq = self._last + 1
        values: list[Any] = []
        for waiting in group:
            for delivery in waiting.deliveries:
                values += to_row(seq, delivery)
                seq += 1
        _insert(connection, values)
        self._last = self.newest_seq = seq - 1
        self.trouble = None
        self._wal_bytes += sum(waiting.size for waiting in group)
        return first

    def _ready(self) -> sqlite3.Connection:
        # A clock that steps back never leads back to an earlier file: readers may have left it.
        day = max(self._day, utc_day(self._clock.now()))
        if self._connection is None or day > self._day:
            self._open(day)
        assert self._connection is not None
        return self._connection

    def _open(self, day: int) -> None:
        fresh = self._files.open_writer(day)
        if self._connection is not None:
            self._close()
        self._connection, self._day, self._wal_bytes = fresh, day, 0
        (newest,) = fresh.execute("SELECT max(seq) FROM delivery").fetchone()
        self._last = newest or first_seq(day)
        if newest is not None:
            self.newest_seq = newest

    def _recover(self, error: Exception) -> None:
        """After an error of the database nothing is certain: the file is opened anew."""
        if isinstance(error, LogUnavailable):
            return
        self._refuse_until = monotonic() + RETRY_SECONDS
        self.trouble = str(error)
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _tidy(self) -> None:
        """While nobody waits: empties the WAL, or sees whether trouble is over."""
        if self.trouble is None:
            self._checkpoint("PASSIVE")
            return
        try:
            self._ready()
            self.trouble = None
        except (sqlite3.Error, OSError) as error:
            self._recover(error)

    def _checkpoint(self, mode: str) -> None:
        if self._connection is None:
            return
        try:
            (_, left, moved) = self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        except sqlite3.Error as error:
            self._recover(error)
            return
        # A reader may hold back a part; it is tried again when as much again was written.
        self._wal_bytes = 0 if left == moved else self._wal_bytes // 2

    def _close(self) -> None:
        if self._connection is not None:
            self._checkpoint("TRUNCATE")
        if self._connection is not None:
            self._connection.close()
            self._connection = None


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
