"""Rows that are asked for by their whole keys: the statement's text is made once.

The hot transactions begin by them: where a group stands, its lanes, a holder's leases.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Dialect, Table
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.bulk import array, packer

__all__ = ["select_keyed"]

AT_ONCE = 100
"""Keys in one question to SQLite, below its limit of parameters."""


async def select_keyed(
    session: AsyncSession,
    table: Table,
    names: tuple[str, ...],
    key: tuple[str, ...],
    keys: Sequence[Sequence[Any]],
    *,
    locking: bool = False,
) -> list[Any]:
    """These columns, of types that the driver gives as they are, of the rows that have one of the
    keys, in the order of the keys; `locking` keeps the rows from others until the transaction ends,
    where several may write."""
    if not keys:
        return []
    dialect, connection = session.get_bind().dialect, await session.connection()
    if dialect.name == "postgresql":
        # In one statement: two that locked part after part could wait for each other.
        statement = _keyed_by_arrays(table, dialect, names, key, locking)
        given = packer(table, dialect, key)(list(zip(*keys, strict=True)))
        return list((await connection.exec_driver_sql(statement, given)).all())
    found: list[Any] = []
    for start in range(0, len(keys), AT_ONCE):
        part = keys[start : start + AT_ONCE]
        statement = _keyed_by_values(table, dialect, names, key, len(part))
        given = tuple(chain.from_iterable(part))
        found += (await connection.exec_driver_sql(statement, given)).all()
    return found


@lru_cache(maxsize=128)
def _keyed_by_arrays(
    table: Table, dialect: Dialect, names: tuple[str, ...], key: tuple[str, ...], locking: bool
) -> str:
    arrays = ", ".join(array(table.c[name].type, n, dialect) for n, name in enumerate(key, 1))
    target, columns, order = _quoted(table, dialect, names, key)
    using = ", ".join(map(dialect.identifier_preparer.quote, key))
    lock = f" FOR UPDATE OF {target}" if locking else ""
    return (
        f"SELECT {columns} FROM {target} JOIN unnest({arrays}) AS wanted({using}) USING ({using})"
        f" ORDER BY {order}{lock}"
    )


@lru_cache(maxsize=128)
def _keyed_by_values(
    table: Table, dialect: Dialect, names: tuple[str, ...], key: tuple[str, ...], count: int
) -> str:
    target, columns, order = _quoted(table, dialect, names, key)
    using = ", ".join(map(dialect.identifier_preparer.quote, key))
    wanted = ", ".join([f"({', '.join('?' * len(key))})"] * count)
    return (  # CROSS: each key is looked up; else the table may be read from end to end
        f"WITH wanted({using}) AS (VALUES {wanted})"
        f" SELECT {columns} FROM wanted CROSS JOIN {target} USING ({using}) ORDER BY {order}"
    )


def _quoted(table: Table, dialect: Dialect, *lists: tuple[str, ...]) -> tuple[str, ...]:
    """The table's name, and each list of its columns."""
    quote = dialect.identifier_preparer.quote
    target = quote(table.name)
    return target, *(", ".join(f"{target}.{quote(name)}" for name in names) for names in lists)
