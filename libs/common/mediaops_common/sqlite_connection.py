"""A SQLite connection in a thread of its own, with one visit to that thread a statement.

The driver by itself visits its thread to make a cursor, to execute, to fetch and to close: four
switches between threads, each dearer than most statements. A transaction begins in the visit of its
first statement, and nobody waits for the end of one that only read.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import aiosqlite

from mediaops_common.sqlite import READING, WRITING

__all__ = ["Connections"]

CACHED_STATEMENTS = 256
"""Prepared statements that a connection keeps; a service has more than the driver's 128."""

ITERATED_AT_ONCE = 64

END_SECONDS = 10.0
"""The longest wait for a statement that nobody waits for any more."""

Fetched = tuple[Any, int, int | None, list[Any]]
"""(description, row count, last row's id, rows)."""


class Connections:
    """All connections that were opened to one file."""

    def __init__(self) -> None:
        self._open: set[_Connection] = set()

    async def connect(self, path: str) -> aiosqlite.Connection:
        """Opens a file, or a `file:` URI."""

        def open_in_thread() -> sqlite3.Connection:
            return sqlite3.connect(
                path,
                uri=path.startswith("file:"),
                check_same_thread=False,
                cached_statements=CACHED_STATEMENTS,
            )

        connection = _Connection(open_in_thread, ITERATED_AT_ONCE)
        # A process that ends must not wait for a connection that nobody closed.
        connection._thread.daemon = True
        self._open = {one for one in self._open if one._thread.is_alive()} | {connection}
        return await connection

    async def end(self) -> None:
        """Returns when no thread has anything left to say to the event loop: a read that was
        cancelled goes on in its thread, and tells its end to whoever has gone."""
        for connection in self._open:
            if connection._running:
                connection.stop()
            await asyncio.to_thread(connection._thread.join, END_SECONDS)


class _Connection(aiosqlite.Connection):
    """The driver's connection with cursors that have their rows when they have executed."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], iter_chunk_size: int) -> None:
        super().__init__(connector, iter_chunk_size)
        self._to_begin: str | None = None
        """The BEGIN of a transaction that has had no statement yet."""
        self._is_reading = False

    def cursor(self) -> "_Cursor":  # type: ignore[override]
        return _Cursor(self)

    def begin(self, sql: str) -> None:
        """Begins a transaction before the next statement."""
        self._to_begin, self._is_reading = sql, sql == READING

    async def visit(
        self, work: Callable[[str, Any], Fetched], sql: str, parameters: Any
    ) -> Fetched:
        """Has the work done in the connection's thread."""
        begin, self._to_begin = self._to_begin, None
        if begin is not None:
            work = partial(self._begin_and, begin, work)
        done: Fetched = await self._execute(work, sql, parameters)  # type: ignore[no-untyped-call]
        return done

    def _begin_and(
        self, begin: str, work: Callable[[str, Any], Fetched], sql: str, parameters: Any
    ) -> Fetched:
        self._conn.execute(begin)
        return work(sql, parameters)

    async def commit(self) -> None:
        if self._to_begin is None:
            await super().commit()
        self._to_begin = None

    async def rollback(self) -> None:
        if self._to_begin is None and self._is_reading:
            self._tx.put_nowait((None, self._conn.rollback))
        elif self._to_begin is None:
            await super().rollback()
        self._to_begin = None

    def execute_and_fetch(self, sql: str, parameters: Any) -> Fetched:
        """Runs in the connection's thread."""
        cursor = self._conn.execute(sql, parameters)
        description = cursor.description
        rows = cursor.fetchall() if description else []
        fetched = description, cursor.rowcount, cursor.lastrowid, rows
        cursor.close()
        return fetched

    def execute_each(self, sql: str, parameters: Any) -> Fetched:
        """Likewise, once for each set of parameters."""
        cursor = self._conn.executemany(sql, parameters)
        fetched: Fetched = None, cursor.rowcount, cursor.lastrowid, []
        cursor.close()
        return fetched


class _Cursor:
    """What SQLAlchemy's adapter asks of a cursor; only the two that execute leave the loop."""

    __slots__ = ("_connection", "_rows", "arraysize", "description", "lastrowid", "rowcount")

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.arraysize = 1
        self.description: Any = None
        self.lastrowid: int | None = None
        self.rowcount = -1

    async def __aenter__(self) -> "_Cursor":
        return self

    async def execute(self, sql: str, parameters: Any = ()) -> "_Cursor":
        if sql in (READING, WRITING):
            self._connection.begin(sql)
            return self
        work = self._connection.execute_and_fetch
        self._take(await self._connection.visit(work, sql, parameters))
        return self

    async def executemany(self, sql: str, parameters: Any) -> "_Cursor":
        work = self._connection.execute_each
        self._take(await self._connection.visit(work, sql, parameters))
        return self

    def _take(self, fetched: Fetched) -> None:
        self.description, self.rowcount, self.lastrowid, self._rows = fetched

    async def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    async def fetchmany(self, size: int | None = None) -> Sequence[Any]:
        size = self.arraysize if size is None else size
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    async def fetchall(self) -> Sequence[Any]:
        taken, self._rows = self._rows, []
        return taken

    async def close(self) -> None:
        self._rows = []
