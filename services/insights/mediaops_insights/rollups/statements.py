"""The statements of the hot path: one upsert for many rows, and the end of a minute."""

from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import chain

from mediaops_common.bulk import Conflict, insert_stored
from sqlalchemy import Table
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.rollups.models import COUNTS, KEY, NEWEST, ROLLUPS, Level

__all__ = ["add_rows", "move_minute"]

SIZES = (1024, 128, 16, 1)
"""Rows in one statement of SQLite. Few sizes, so that their prepared forms stay cached; 1,024 rows
of 13 values are below the 32,766 parameters that it allows."""


@lru_cache(maxsize=256)
def _statement(
    table: str,
    key: tuple[str, ...],
    names: tuple[str, ...],
    counts: tuple[str, ...],
    given: int,
    rows: int,
) -> str:
    width = len(names) + given
    zeros = ["0"] * (len(counts) - given)
    values = ", ".join([f"({', '.join([*['?'] * width, *zeros])})"] * rows)
    changed = counts[:given]
    changes = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in changed)
    return (
        f"INSERT INTO {table} ({', '.join((*names, *counts))}) VALUES {values} "
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"
    )


async def add_rows(
    session: AsyncSession,
    table: Table,
    key: tuple[str, ...],
    counts: tuple[str, ...],
    rows: Sequence[tuple[object, ...]],
    given: int,
    names: tuple[str, ...] | None = None,
) -> None:
    """Adds the counts of each row to the row of its key, making it where there is none.

    Each row is its key's values (or those of `names`, among which the key is) and then the first
    `given` counts (the others are 0), all of types that the driver takes as they are. Rows must be
    sorted, so that two transactions cannot wait for each other in a circle.
    """
    names = names or key
    connection = await session.connection()
    if connection.dialect.name == "postgresql":
        changed = counts[:given]
        await insert_stored(session, table, (*names, *changed), rows, Conflict(key, add=changed))
        return
    start = 0
    for size in SIZES:
        stop = start + (len(rows) - start) // size * size
        parts = [tuple(chain.from_iterable(rows[n : n + size])) for n in range(start, stop, size)]
        if parts:
            statement = _statement(table.name, key, names, counts, given, size)
            await connection.exec_driver_sql(statement, parts)
        start = stop


MOVED = {"minute": "bucket", "hour": "hour", "day": "day", "ever": "0"}
"""What the newest minutes are added to: by granularity, where a row's bucket is found."""

PART = "generation = {} AND workspace = {} AND level = {} AND bucket = {}"


async def move_minute(session: AsyncSession, part: tuple[int, int, int, int]) -> None:
    """Adds one of the newest minutes (generation, workspace, level, bucket) to the tables of all
    granularities, and takes it away: what was counted before, and nothing that comes meanwhile."""
    connection = await session.connection()
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql(_moving_at_once(), part)
        return
    where = PART.format("?", "?", "?", "?")
    for name in MOVED:
        await connection.exec_driver_sql(_move(name, NEWEST.name, where), part)
    await connection.exec_driver_sql(f"DELETE FROM {NEWEST.name} WHERE {where}", part)


@cache
def _moving_at_once() -> str:
    """One statement: it adds just those rows that it takes away, as they are then.

    It locks rows as batches do, table after table and in the order of their keys. The server runs
    the parts of such a statement in an order of its own, so each asks how many rows the one before
    has added: that is not known until all of them are.
    """
    part = PART.format("$1", "$2", "$3", "$4")
    parts = [f"gone AS (DELETE FROM {NEWEST.name} WHERE {part} RETURNING *)"]
    before, order = "true", f"ORDER BY {', '.join(KEY[4:])}"
    for name in MOVED:
        parts.append(f"{name}_ AS ({_move(name, 'gone', before, order)} RETURNING 1)")
        before = f"(SELECT count(*) FROM {name}_) >= 0"
    return f"WITH {', '.join(parts)} SELECT 1"


def _move(granularity: str, source: str, where: str, order: str = "") -> str:
    key, counts = ", ".join(KEY), ", ".join(COUNTS)
    places = key.replace("bucket", MOVED[granularity])
    table = ROLLUPS[granularity].name
    changes = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in COUNTS)
    only = f" AND level = {int(Level.content)}" if granularity == "ever" else ""
    return (
        f"INSERT INTO {table} ({key}, {counts}) SELECT {places}, {counts} FROM {source} "
        f"WHERE {where}{only} {order} ON CONFLICT ({key}) DO UPDATE SET {changes}"
    )
