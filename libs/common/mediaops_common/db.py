"""One database per service: a session that writes, sessions that read, bulk statements."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from sqlalchemy import MetaData, Select, Table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common import postgresql, sqlite
from mediaops_common.arrays import is_any_of
from mediaops_common.aside import aside
from mediaops_common.bulk import Conflict, insert_into, insert_rows
from mediaops_common.outages import Outage
from mediaops_common.tables import SpineTables, spine_tables

__all__ = [
    "CHUNK",
    "NAMING",
    "UNAVAILABLE",
    "Database",
    "insert_into",
    "insert_new",
    "insert_rows",
    "open_database",
    "rows_by_key",
    "upsert",
]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Every constraint has a name, so that migrations can change it on both databases."""

UNAVAILABLE = (OperationalError, InterfaceError, PoolTimeout)
"""What a database raises when it cannot serve now: later the same may work."""

T = TypeVar("T")

LOOK_SECONDS = 0.05
"""Between two looks for what is on its way."""

CHUNK = 500
"""Values in one IN list: below the parameter limits of both databases. A reader of PostgreSQL sends
an array instead."""


class Database:
    """The database of one service. Writes take turns on SQLite; reads never wait for them."""

    def __init__(
        self,
        name: str,
        writer: AsyncEngine,
        reader: AsyncEngine,
        tables: SpineTables,
        at_end: Callable[[], Awaitable[None]] | None = None,
    ):
        self.name = name
        self.writer = writer
        self.reader = reader
        self.tables = tables
        self._at_end = at_end
        self.dialect = cast(Literal["sqlite", "postgresql"], writer.dialect.name)
        self._turn = asyncio.Lock() if self.dialect == "sqlite" else None
        self._outage = Outage(name)
        self._glancer = reader
        if self.dialect == "postgresql":
            self._glancer = postgresql.without_transactions(reader)
            postgresql.note_outages(writer, self._outage)
            postgresql.note_outages(reader, self._outage)
        self._listening: set[asyncio.Event] = set()
        self.outgoing = asyncio.Event()
        """Set after each commit of this process that added to the outbox; its relay clears it."""

    @property
    def trouble(self) -> str | None:
        """Why its server cannot be asked now; None while it answers. A file is always there."""
        return self._outage.trouble

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed (and fsynced) when the block ends, undone when it raises."""
        if self._turn is None:
            async with self._session(self.writer) as session:
                yield session
            return
        async with self._turn, self._session(self.writer) as session:
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """One consistent view of what is committed; nothing can be written through it."""
        async with self._view(self.reader) as session:
            yield session

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[AsyncSession]:
        """For one question after tables of the machinery, where loops ask again and again: cheaper
        than a view on PostgreSQL, where it shows no row of any workspace."""
        async with self._view(self._glancer) as session:
            yield session

    async def find_soon(
        self, look: Callable[[AsyncSession], Awaitable[T | None]], *, timeout_seconds: float
    ) -> T | None:
        """What `look` finds, or None when it has found nothing in time.

        For what another service told a moment ago, which is still on its way here. Each look is a
        session of its own: one that stays open would go on seeing the past, and a transaction
        would keep out the very handler that brings it.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            async with self.read() as session:
                found = await look(session)
            if found is not None or time.monotonic() >= deadline:
                return found
            await asyncio.sleep(LOOK_SECONDS)

    @asynccontextmanager
    async def _view(self, engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            session.info["tables"] = self.tables
            yield session

    @asynccontextmanager
    async def _session(self, engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine, expire_on_commit=False, autoflush=False) as session:
            session.info["tables"] = self.tables
            yield session
            await session.commit()
            if session.info.get("adds_to_outbox"):
                self.outgoing.set()
        for waiter in self._listening:
            waiter.set()

    def committed(self) -> asyncio.Event:
        """An event that is set after each commit of this process; the listener clears it."""
        waiter = asyncio.Event()
        self._listening.add(waiter)
        return waiter

    async def close(self) -> None:
        await self.reader.dispose()
        await self.writer.dispose()
        if self._at_end is not None:
            await self._at_end()


def open_database(url: str, *, name: str, metadata: MetaData) -> Database:
    """Opens `sqlite:///file` or `postgresql://…`. A SQLite file is made when it is missing."""
    tables = spine_tables(metadata)
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return Database(name, *postgresql.open_engines(parsed), tables)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise ValueError(f"a database URL begins with sqlite:/// or postgresql://, not {url!r}")
    path = Path(parsed.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer, reader, end = sqlite.open_engines(path)
    return Database(name, writer, reader, tables, end)


async def upsert(
    session: AsyncSession,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    add: Iterable[str] = (),
    replace: Iterable[str] = (),
    least: Iterable[str] = (),
    greatest: Iterable[str] = (),
    newer: str | None = None,
) -> None:
    """Inserts the rows; where the key is there already, adds, replaces or keeps the extreme; with
    `newer`, only where that column is higher than it was.

    Each row has another key than the others. They are written in the order of their keys, so that
    two transactions cannot wait for each other in a circle.
    """
    if not rows:
        return
    conflict = Conflict(
        tuple(key), tuple(add), tuple(replace), tuple(least), tuple(greatest), newer
    )
    ordered = await aside(len(rows), _in_order, rows, key)
    await insert_rows(session, table, ordered, conflict)


async def insert_new(
    session: AsyncSession, table: Table, rows: Sequence[Mapping[str, Any]], *, key: Sequence[str]
) -> None:
    """Inserts the rows whose key is not there yet; the others are left as they are."""
    await upsert(session, table, rows, key=key)


async def rows_by_key(
    session: AsyncSession, statement: Select[Any], column: Any, values: Iterable[Any]
) -> list[Any]:
    """The rows of `statement` whose column is one of the values, in few statements."""
    wanted = list(values)
    connection = await session.connection()
    if connection.dialect.name == "postgresql":
        together = statement.where(is_any_of(column, "wanted", wanted))
        return list((await connection.execute(together)).all()) if wanted else []
    found: list[Any] = []
    for start in range(0, len(wanted), CHUNK):
        result = await connection.execute(
            statement.where(column.in_(wanted[start : start + CHUNK]))
        )
        found.extend(result.all())
    return found


def _in_order(rows: Sequence[Mapping[str, Any]], key: Sequence[str]) -> list[Mapping[str, Any]]:
    try:
        return sorted(rows, key=itemgetter(*key))
    except TypeError:  # None is neither before nor after anything
        return sorted(rows, key=lambda row: tuple(_sortable(row[name]) for name in key))


def _sortable(value: Any) -> Any:
    return "" if value is None else value
