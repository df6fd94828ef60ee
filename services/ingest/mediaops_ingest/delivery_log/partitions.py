"""The log's table on PostgreSQL: a partition per UTC day, made by who first needs it."""

from datetime import date
from typing import Any

from mediaops_common.zones import number_day, number_of
from sqlalchemy.ext.asyncio import AsyncConnection

from mediaops_ingest.delivery_log.days import first_seq

__all__ = ["LOCK", "PARENT", "SCHEMA", "days", "drop", "ensure_day", "make_tables"]

SCHEMA = "delivery_log"
PARENT = f"{SCHEMA}.delivery"

LOCK = 0x6D6F_6465_6C6C_6F67
"""Who gives seqs holds this advisory lock until its transaction has ended: a row never becomes
visible after one with a higher seq, so that reading on from a cursor leaves nothing behind."""

TABLES = (
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    f"""CREATE TABLE IF NOT EXISTS {PARENT} (
        seq bigint PRIMARY KEY,
        id bytea NOT NULL,
        head bytea NOT NULL,
        body bytea NOT NULL
    ) PARTITION BY RANGE (seq)""",
    f"CREATE INDEX IF NOT EXISTS ix_delivery_id ON {PARENT} (id)",
    # Bodies are compressed before they come.
    f"ALTER TABLE {PARENT} ALTER COLUMN body SET STORAGE EXTERNAL",
    # Up to where the normaliser has read: doors on other replicas know the backlog by it.
    f"CREATE TABLE IF NOT EXISTS {SCHEMA}.reader (id integer PRIMARY KEY, through bigint NOT NULL)",
)


async def make_tables(connection: AsyncConnection) -> None:
    """Makes what is missing. Replicas that start together take turns."""
    await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
    found = await connection.exec_driver_sql(f"SELECT to_regclass('{SCHEMA}.reader')")
    if found.scalar_one() is None:
        for statement in TABLES:
            await connection.exec_driver_sql(statement)


async def ensure_day(connection: Any, day: int) -> None:
    """Makes the day's partition when it is missing; in the driver's transaction, under the lock.

    Made apart and then attached, for which nobody who reads or writes has to wait.
    """
    name = _name(day)
    if await connection.fetchval("SELECT to_regclass($1)", name) is not None:
        return
    await connection.execute(f"CREATE TABLE {name} (LIKE {PARENT} INCLUDING ALL)")
    await connection.execute(
        f"ALTER TABLE {PARENT} ATTACH PARTITION {name}"
        f" FOR VALUES FROM ({first_seq(day)}) TO ({first_seq(day + 1)})"
    )


async def days(connection: AsyncConnection) -> list[int]:
    """The days that have a partition, oldest first."""
    rows = await connection.exec_driver_sql(
        "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
        f" WHERE inhparent = '{PARENT}'::regclass"
    )
    return sorted(_day(name) for (name,) in rows)


async def drop(connection: AsyncConnection, day: int) -> None:
    await connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")  # all others queue behind it
    await connection.exec_driver_sql(f"DROP TABLE IF EXISTS {_name(day)}")


def _name(day: int) -> str:
    return f"{SCHEMA}.day_{number_day(day):%Y_%m_%d}"


def _day(name: str) -> int:
    return number_of(date.fromisoformat(name.removeprefix("day_").replace("_", "-")))
