"""Engines for PostgreSQL: a pool that heals, time-outs, errors sorted by what helps."""

import socket
from functools import partial
from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.exc import DataError, DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from mediaops_common.outages import Outage

__all__ = ["connect", "note_outages", "open_engines", "without_transactions"]

CONNECT_SECONDS = 4.0
POOL_SECONDS = 5.0
"""A request that gets no connection in this time is answered 503: waiters do not pile up."""

TIMEOUTS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}
"""Nothing holds a lock for ever: not a slow statement, not a client that went away."""

SILENCE = {
    "TCP_KEEPIDLE": 15,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 30_000,
}
"""The time-outs above are the server's. A host that is gone without a word keeps none of them: who
waits for its answer, or sends to it, hears after half a minute that nobody is there."""

PLANNING = {"plan_cache_mode": "force_custom_plan", "jit": "off", "random_page_cost": "1.1"}
"""A batch is asked for by arrays, and each statement is planned for those that it gets: a plan for
any array is one for ten values, and on a table without statistics it compares all with all. What a
batch asks for is mostly in memory: to look up a thousand keys takes half as long as to read sixty
thousand rows from end to end, which the server chooses by itself."""

WRITING = {"default_transaction_isolation": "read committed"}
"""Each statement sees what was committed before it: who waited for a row reads its newest state."""

READING = {
    "default_transaction_isolation": "repeatable read",
    "default_transaction_read_only": "on",
}

UNAVAILABLE = ("08", "25", "40", "53", "55", "57", "58")
"""Classes of errors against which another try helps: connections, deadlocks, resources, time-outs,
the server's end, its disk."""

AWAY = ("08", "57P")
"""Of these, the ones that say that no server is there to ask."""


def open_engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    """(writer, reader). Nothing is connected before the first session."""
    return _engine(url, WRITING), _engine(url, READING)


def without_transactions(engine: AsyncEngine) -> AsyncEngine:
    """The same connections, on which each statement stands alone: one way there and back instead of
    three. None tells its reach, so that tables with rows of workspaces look empty."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


async def connect(url: URL, **settings: str) -> Any:
    """A connection of the driver with the time-outs. Raises the driver's PostgresError."""
    import asyncpg

    return await _connect(asyncpg.Connection, url, settings)


async def _pooled(url: URL, settings: dict[str, str]) -> Any:
    from mediaops_common.postgresql_connection import Connection  # brings the driver

    return await _connect(Connection, url, settings)


async def _connect(kind: type[Any], url: URL, settings: dict[str, str]) -> Any:
    import asyncpg

    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        connection = await asyncpg.connect(
            address,
            timeout=CONNECT_SECONDS,
            connection_class=kind,
            server_settings={"application_name": "mediaops", **TIMEOUTS, **PLANNING, **settings},
        )
    except (OSError, TimeoutError) as error:
        # In the driver's own terms, so that the pool and its callers need to know no others.
        raise asyncpg.PostgresConnectionError(type(error).__name__) from error
    _hear_silence(connection._transport.get_extra_info("socket"))
    return connection


def _hear_silence(sock: Any) -> None:
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return  # a socket of this machine does not outlive its other end
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in SILENCE.items():
        if hasattr(socket, name):  # systems differ in what they know
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _engine(url: URL, settings: dict[str, str]) -> AsyncEngine:
    engine = create_async_engine(
        url.set(drivername="postgresql+asyncpg"),
        async_creator=partial(_pooled, url, settings),
        pool_size=5,
        max_overflow=5,
        pool_timeout=POOL_SECONDS,
        hide_parameters=True,  # values of people do not belong into the texts of errors
    )
    event.listen(engine.sync_engine, "checkout", _replace_dead)
    event.listen(engine.sync_engine, "handle_error", _sorted_by_cause, retval=True)
    return engine


def _replace_dead(connection: Any, _record: Any, _proxy: Any) -> None:
    """A connection that died with its server is replaced, with all others, before a session gets
    it. The driver has heard of it by then; to ask the server would be three ways there and back.
    """
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError


def note_outages(engine: AsyncEngine, outage: Outage) -> None:
    """Keeps `outage` up to date: every attempt to reach the server tells whether it answers."""

    def failed(context: Any) -> None:
        state = getattr(context.original_exception, "sqlstate", None) or ""
        is_away = context.is_disconnect or context.connection is None or state.startswith(AWAY)
        if is_away:
            outage.begin(context.original_exception)

    def connected(connection: Any, _record: Any) -> None:
        connection.driver_connection.answered = outage.end

    event.listen(engine.sync_engine, "handle_error", failed)
    event.listen(engine.sync_engine, "connect", connected)


def _sorted_by_cause(context: Any) -> BaseException | None:
    """The driver knows one class for most errors; callers ask whether another try helps."""
    kind = _kind(context.original_exception)
    if kind is None or isinstance(context.sqlalchemy_exception, kind):
        return None
    return kind(
        context.statement,
        None,
        context.original_exception,
        hide_parameters=True,
        connection_invalidated=context.is_disconnect,
    )


def _kind(error: BaseException) -> type[DBAPIError] | None:
    state: str | None = getattr(error, "sqlstate", None)
    if state is not None:
        if state.startswith("22"):
            return DataError
        return OperationalError if state.startswith(UNAVAILABLE) else None
    if not hasattr(error, "sqlstate"):
        return None
    # The driver's own: a value that it refuses to send, because its column could not hold it; else
    # a connection that was lost under a statement.
    return DataError if isinstance(error.__cause__, ValueError) else OperationalError
