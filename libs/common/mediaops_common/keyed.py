"""Rows that are asked for by their whole keys: the statement's text is made once.

The hot transactions begin by them: where a group stands, its lanes, a holder's leases.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Dialect, Table
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.arrays import array, packer
from mediaops_common.aside import aside

__all__ = ["rows_keyed", "select_keyed"]

Convert = Callable[[Any], Any]

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


async def rows_keyed(
    session: AsyncSession, table: Table, key: tuple[str, ...], keys: Sequence[Sequence[Any]]
) -> list[dict[str, Any]]:
    """Likewise whole rows, each by the names of its columns, whatever types these are of. A key
    need not be that of the table, but an index must begin with it."""
    dialect = session.get_bind().dialect
    takers, givers = _conversions(table, dialect, key)
    stored = await aside(len(keys), _stored, keys, takers)
    names = tuple(column.name for column in table.columns)
    rows = await select_keyed(session, table, names, key, stored)
    return await aside(len(rows), _given, rows, givers)


def _stored(keys: Sequence[Sequence[Any]], takers: list[Convert]) -> list[Sequence[Any]]:
    return [[take(value) for take, value in zip(takers, one, strict=True)] for one in keys]


def _given(rows: Sequence[Any], givers: list[tuple[str, Convert]]) -> list[dict[str, Any]]:
    return [
        {name: give(value) for (name, give), value in zip(givers, row, strict=True)} for row in rows
    ]


@lru_cache(maxsize=128)
def _conversions(
    table: Table, dialect: Dialect, key: tuple[str, ...]
) -> tuple[list[Convert], list[tuple[str, Convert]]]:
    """What turns the values of the key into the driver's, and those of every column back."""
    types = {column.name: column.type.dialect_impl(dialect) for column in table.columns}
    takers: list[Convert] = [types[name].bind_processor(dialect) or _as_it_is for name in key]
    givers: list[tuple[str, Convert]] = [
        (name, type_.result_processor(dialect, None) or _as_it_is) for name, type_ in types.items()
    ]
    return takers, givers


def _as_it_is(value: Any) -> Any:
    return value


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
