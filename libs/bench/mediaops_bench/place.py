"""Where a measurement keeps its data: a folder, or databases and topics of its own on the engines
that the environment names."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import typer
from mediaops_common.bus.open import open_bus
from mediaops_common.events import Topic
from mediaops_common.postgresql import connect
from mediaops_common.settings import StoreSettings
from sqlalchemy.engine import make_url

__all__ = ["SERVICES", "a_place", "database_processes", "engines", "is_distributed"]

TRIES = 60
PREFIX = "bench_"
SERVICES = ("ingest", "content", "crm", "insights")


def is_distributed() -> bool:
    """Whether figures are those of PostgreSQL and Kafka, for which other targets hold."""
    return StoreSettings().is_shared


@asynccontextmanager
async def a_place(folder: Path, services: Sequence[str] = SERVICES) -> AsyncIterator[StoreSettings]:
    """A fresh installation's, of these services. Databases and topics are removed at the end.

    The role that makes databases is the owner's, where there is one, else the one that serves.
    """
    store, name = StoreSettings(data=folder), f"{PREFIX}{secrets.token_hex(4)}"
    changes: dict[str, Any] = {}
    if store.database_url is not None:
        changes["database_url"] = _in(store.database_url, name)
        if store.database_owner_url is not None:
            changes["database_owner_url"] = _in(store.database_owner_url, name)
        await _each(store, services, f'CREATE DATABASE "{name}_{{service}}"')
    if store.bus_url is not None and store.bus_url.startswith("kafka:"):
        separator = "&" if "?" in store.bus_url else "?"
        changes["bus_url"] = f"{store.bus_url}{separator}prefix={name}."
    try:
        yield store.model_copy(update=changes)
    finally:
        if "bus_url" in changes:
            await _remove_topics(changes["bus_url"])
        if "database_url" in changes:
            await _each(store, services, f'DROP DATABASE IF EXISTS "{name}_{{service}}"')


def _in(url: str, name: str) -> str:
    """The same server and role, another database."""
    address, _, options = url.partition("?")
    moved = f"{address.rpartition('/')[0]}/{name}_{{service}}"
    return f"{moved}?{options}" if options else moved


async def _each(store: StoreSettings, services: Sequence[str], statement: str) -> None:
    for service in services:
        url = make_url(store.owner_url_of(service) or store.url_of(service))
        connection = await connect(url.set(database="postgres"), statement_timeout="0")
        try:
            await _once_nobody_is_there(connection, statement.replace("{service}", service))
        finally:
            await connection.close()


async def _once_nobody_is_there(connection: Any, statement: str) -> None:
    """A connection that was closed a moment ago may still be known to the server. What cannot be
    done is told, and hides no error of the measurement."""
    from asyncpg import ObjectInUseError

    for _ in range(TRIES):
        try:
            await connection.execute(statement)
            return
        except ObjectInUseError:
            await asyncio.sleep(0.5)
    typer.echo(f"still in use, left as it is: {statement}", err=True)


async def database_processes() -> dict[int, str]:
    """The processes of PostgreSQL that serve measurements now, by their number on its machine, each
    with the database that its title names. None on SQLite."""
    store = StoreSettings()
    if store.database_url is None:
        return {}
    connection = await connect(make_url(store.url_of("ingest")).set(database="postgres"))
    try:
        rows = await connection.fetch(
            "SELECT pid, datname FROM pg_stat_activity WHERE starts_with(datname, $1)", PREFIX
        )
    finally:
        await connection.close()
    return {row["pid"]: row["datname"] for row in rows}


async def _remove_topics(url: str) -> None:
    bus = await open_bus(url)
    try:
        for topic in Topic:
            await bus.delete_topic(str(topic))
    finally:
        await bus.close()


async def engines() -> dict[str, str]:
    """What the environment chose, in words: a figure without it says nothing."""
    store = StoreSettings()
    told = {"database": "SQLite", "bus": "embedded, SQLite"}
    if store.database_url is not None:
        url = make_url(store.url_of("ingest")).set(database="postgres")
        connection = await connect(url)
        try:
            names = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
            found = {name: await connection.fetchval(f"SHOW {name}") for name in names}
        finally:
            await connection.close()
        told["database"] = f"PostgreSQL {found.pop('server_version')}, " + ", ".join(
            f"{name} {value}" for name, value in found.items()
        )
    if store.bus_url is not None and store.bus_url.startswith("kafka:"):
        brokers = len(store.bus_url.partition("?")[0].split(","))
        told["bus"] = f"Kafka, {brokers} address{'es' if brokers > 1 else ''} given, acks=all"
    return told
