"""A SQLite file's connections: one that writes, some that read."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

if TYPE_CHECKING:
    from mediaops_common.sqlite_connection import Connections

__all__ = ["READING", "WRITING", "open_engines"]

READING = "BEGIN"
WRITING = "BEGIN IMMEDIATE"
"""How transactions on SQLite begin: one that reads sees the database as of its first statement, one
that writes has the file to itself from its first statement on."""


def open_engines(path: Path) -> tuple[AsyncEngine, AsyncEngine, Callable[[], Awaitable[None]]]:
    """One that writes, one that reads, and what ends the threads of both."""
    from mediaops_common.sqlite_connection import Connections  # brings the driver

    files = Connections()
    reader = _reader(path, files)
    return _writer(path, files), reader, files.end


def _writer(path: Path, files: "Connections") -> AsyncEngine:
    """The only connection that writes and checkpoints this file.

    SQLite before 3.51.3 may lose commits when one connection checkpoints while another commits
    (the WAL-reset race); with a single writing connection there is no other.
    """
    engine = _engine(path, partial(files.connect, str(path)), poolclass=StaticPool)
    _on_connect(
        engine,
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "PRAGMA busy_timeout=10000",
        "PRAGMA foreign_keys=ON",
        "PRAGMA journal_size_limit=67108864",
        "PRAGMA cache_size=-16384",
        "PRAGMA temp_store=MEMORY",
    )
    _on_begin(engine, WRITING)
    return engine


def _reader(path: Path, files: "Connections") -> AsyncEngine:
    connect = partial(files.connect, f"file:{path}?mode=ro")
    engine = _engine(path, connect, pool_size=4, max_overflow=12)
    _on_connect(engine, "PRAGMA busy_timeout=10000", "PRAGMA query_only=ON")
    _on_begin(engine, READING)
    return engine


def _engine(path: Path, connect: Callable[[], Awaitable[Any]], **options: Any) -> AsyncEngine:
    return create_async_engine(
        f"sqlite+aiosqlite:///{path}",
        async_creator=connect,
        hide_parameters=True,  # values of people do not belong into the texts of errors
        **options,
    )


def _on_connect(engine: AsyncEngine, *pragmas: str) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: its own BEGIN would come too late for
        # savepoints and would not be IMMEDIATE.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()


def _on_begin(engine: AsyncEngine, statement: str) -> None:
    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql(statement)
