"""The log's table on PostgreSQL: a partition per UTC day, made by who first needs it.

The role that serves owns no table. It asks two functions of the owner's, which the migrations made,
for partitions.
"""

from datetime import date
from typing import Any

from mediaops_common.zones import number_day, number_of
from sqlalchemy.ext.asyncio import AsyncConnection

from mediaops_ingest.delivery_log.days import first_seq

__all__ = ["LOCK", "PARENT", "SCHEMA", "days", "drop", "ensure_day"]

SCHEMA = "delivery_log"
PARENT = f"{SCHEMA}.delivery"

LOCK = 0x6D6F_6465_6C6C_6F67
"""Who gives seqs holds this advisory lock until its transaction has ended: a row never becomes
visible after one with a higher seq, so that reading on from a cursor leaves nothing behind."""


async def ensure_day(connection: Any, day: int) -> None:
    """Makes the day's partition when it is missing; in the driver's transaction, under the lock."""
    if await connection.fetchval("SELECT to_regclass($1)", _name(day)) is None:
        bounds = (first_seq(day), first_seq(day + 1))
        await connection.execute(f"SELECT {SCHEMA}.make_day($1, $2, $3)", number_day(day), *bounds)


async def days(connection: AsyncConnection) -> list[int]:
    """The days that have a partition, oldest first."""
    rows = await connection.exec_driver_sql(
        "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
        f" WHERE inhparent = '{PARENT}'::regclass"
    )
    return sorted(_day(name) for (name,) in rows)


async def drop(connection: AsyncConnection, day: int) -> None:
    """Gives up after two seconds where somebody holds the table: all others queue behind it."""
    await connection.exec_driver_sql(f"SELECT {SCHEMA}.drop_day($1)", (number_day(day),))


def _name(day: int) -> str:
    return f"{SCHEMA}.day_{number_day(day):%Y_%m_%d}"


def _day(name: str) -> int:
    return number_of(date.fromisoformat(name.removeprefix("day_").replace("_", "-")))
