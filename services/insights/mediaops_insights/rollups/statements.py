"""The statement of the hot path: one upsert for many rows."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

from mediaops_common.bulk import Conflict, insert_stored
from sqlalchemy import Table
from sqlmodel.ext.asyncio.session import AsyncSession

__all__ = ["add_rows"]

SIZES = (1024, 128, 16, 1)
"""Rows in one statement of SQLite. Few sizes, so that their prepared forms stay cached; 1,024 rows
of 13 values are below the 32,766 parameters that it allows."""


@lru_cache(maxsize=256)
def _statement(
    table: str, key: tuple[str, ...], counts: tuple[str, ...], given: int, rows: int
) -> str:
    width = len(key) + given
    zeros = ["0"] * (len(counts) - given)
    values = ", ".join([f"({', '.join([*['?'] * width, *zeros])})"] * rows)
    changed = counts[:given]
    changes = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in changed)
    return (
        f"INSERT INTO {table} ({', '.join((*key, *counts))}) VALUES {values} "
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"
    )


async def add_rows(
    session: AsyncSession,
    table: Table,
    key: tuple[str, ...],
    counts: tuple[str, ...],
    rows: Sequence[tuple[object, ...]],
    given: int,
) -> None:
    """Adds the counts of each row to the row of its key, making it where there is none.

    Each row is its key's values and then the first `given` counts (the others are 0), all of types
    that the driver takes as they are. Rows must be sorted, so that two transactions cannot wait for
    each other in a circle.
    """
    connection = await session.connection()
    if connection.dialect.name == "postgresql":
        changed = counts[:given]
        await insert_stored(session, table, (*key, *changed), rows, Conflict(key, add=changed))
        return
    start = 0
    for size in SIZES:
        stop = start + (len(rows) - start) // size * size
        parts = [tuple(chain.from_iterable(rows[n : n + size])) for n in range(start, stop, size)]
        if parts:
            statement = _statement(table.name, key, counts, given, size)
            await connection.exec_driver_sql(statement, parts)
        start = stop
