"""Statements for many rows: their text is made once, their rows are plain values.

SQLAlchemy's own way builds the statement, looks it up and turns every row's dictionary into
parameters each time; in hot transactions that costs more than the database does. SQLite is given a
row at a time. PostgreSQL is given an array for each column: there a row at a time costs several
times what storing it does.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Dialect,
    Table,
    bindparam,
    column,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import StatementError
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.arrays import array, packer, told_array, told_packer
from mediaops_common.aside import aside

__all__ = [
    "Conflict",
    "insert_columns",
    "insert_into",
    "insert_rows",
    "insert_stored",
    "update_rows",
]

Row = Mapping[str, Any]


class Conflict(NamedTuple):
    """What happens to a row whose key is there already: its columns are added to, replaced, or
    keep their extreme; with `newer`, only where that column is higher than it was. Without any of
    these it is left as it is."""

    key: tuple[str, ...]
    add: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    least: tuple[str, ...] = ()
    greatest: tuple[str, ...] = ()
    newer: str | None = None


Values = Sequence[Any]

AT_ONCE = 4_000
"""Rows of one statement: the driver packs them on the event loop."""


class _Prepared(NamedTuple):
    text: str
    columns: list[tuple[str, Callable[[Any], Any] | None]]
    """Name, and what turns a value into what the driver takes."""
    packed: Callable[[list[Values]], Any]
    """What turns the values of the columns into parameters."""
    defaults: dict[str, Any]
    """Values of columns that neither the rows nor the text give."""


async def insert_rows(
    session: AsyncSession, table: Table, rows: Sequence[Row], conflict: Conflict | None = None
) -> None:
    """Inserts the rows, which all have the same columns, in the order given; where a conflict
    changes what is there, no two of them have one key.

    Raises StatementError for a value that its column does not take.
    """
    for part in _parts(rows):
        prepared = _prepared(table, session.get_bind().dialect, tuple(part[0]), conflict)
        await _execute(session, prepared, await aside(len(part), _of_rows, prepared, part))


async def update_rows(
    session: AsyncSession, table: Table, rows: Sequence[Row], *, key: Sequence[str]
) -> None:
    """Gives each row its new values: the rows, no two of one key, all have the key's columns and
    those that change. A row that is not there stays so.

    Raises StatementError for a value that its column does not take.
    """
    for part in _parts(rows):
        dialect = session.get_bind().dialect
        prepared = _prepared_update(table, dialect, tuple(part[0]), tuple(key))
        await _execute(session, prepared, await aside(len(part), _of_rows, prepared, part))


async def insert_columns(
    session: AsyncSession,
    table: Table,
    columns: Mapping[str, Values],
    *,
    stored: Collection[str] = (),
) -> None:
    """Likewise rows that are given column by column; the values of those that are `stored` are as
    the driver takes them."""
    names = tuple(columns)
    prepared = _as_stored(_prepared(table, session.get_bind().dialect, names, None), stored)
    for part in _parts(range(len(columns[names[0]]))):
        given = {name: columns[name][part[0] : part[-1] + 1] for name in names}
        await _execute(session, prepared, await aside(len(part), _of_columns, prepared, given))


async def insert_stored(
    session: AsyncSession,
    table: Table,
    names: tuple[str, ...],
    rows: Sequence[Sequence[Any]],
    conflict: Conflict | None = None,
) -> None:
    """Likewise rows that are tuples of these columns, of values as the driver takes them."""
    prepared = _prepared(table, session.get_bind().dialect, names, conflict)
    prepared = _as_stored(prepared, (*names, *prepared.defaults))
    for part in _parts(rows):
        given = await aside(len(part), _of_stored, prepared, names, part)
        await _execute(session, prepared, given)


def _as_stored(prepared: _Prepared, stored: Collection[str]) -> _Prepared:
    takers = [(name, None if name in stored else taker) for name, taker in prepared.columns]
    return prepared._replace(columns=takers)


def _parts(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]


async def _execute(session: AsyncSession, prepared: _Prepared, given: Any) -> None:
    connection = await session.connection()
    await connection.exec_driver_sql(prepared.text, given)


def _of_stored(prepared: _Prepared, names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> Any:
    return _of_columns(prepared, dict(zip(names, zip(*rows, strict=True), strict=True)))


def _of_rows(prepared: _Prepared, rows: Sequence[Row]) -> Any:
    return _of_columns(prepared, {name: [row[name] for row in rows] for name in rows[0]})


def _of_columns(prepared: _Prepared, given: Mapping[str, Values]) -> Any:
    """What the driver gets, worked out column by column."""
    columns: list[Values] = []
    count = len(next(iter(given.values())))
    try:
        for name, stored in prepared.columns:
            if name in prepared.defaults:
                values: Values = [prepared.defaults[name]] * count
            else:
                values = given[name]
            columns.append(values if stored is None else [stored(value) for value in values])
        return prepared.packed(columns)
    except (TypeError, ValueError) as error:
        told = f"({type(error).__name__}) {error}"
        raise StatementError(told, prepared.text, None, error, hide_parameters=True) from error


@lru_cache(maxsize=512)
def _prepared(
    table: Table, dialect: Dialect, names: tuple[str, ...], conflict: Conflict | None
) -> _Prepared:
    defaults = {
        one.name: one.default.arg
        for one in table.columns
        if one.name not in names and isinstance(one.default, ScalarElementColumnDefault)
    }
    fixed = {name: str(value) for name, value in defaults.items() if type(value) is int}
    defaults = {name: value for name, value in defaults.items() if name not in fixed}
    given = (*names, *defaults)
    statement = insert_into(table, dialect.name)
    if dialect.name == "postgresql":
        arrays = (told_array(table.c[name].type, n, dialect) for n, name in enumerate(given, 1))
        told, filled = ", ".join(["*", *fixed.values()]), (*given, *fixed)
        rows = text(f"SELECT {told} FROM unnest({', '.join(arrays)})").columns(*map(column, filled))
        statement = statement.from_select(list(filled), rows, include_defaults=False)
    else:
        statement = statement.values(
            {name: bindparam(name, type_=table.c[name].type) for name in given}
            | {name: literal_column(value) for name, value in fixed.items()}
        )
    if conflict is not None:
        statement = _resolved(statement, table, dialect.name, conflict)
    compiled = statement.inline().compile(dialect=dialect)
    order = list(compiled.positiontup or given)
    assert sorted(order) == sorted(given), "every parameter is a column of the row"
    takers, packed = _takers(table, dialect, order), told_packer(table, dialect, order)
    return _Prepared(str(compiled), takers, packed, defaults)


@lru_cache(maxsize=128)
def _prepared_update(
    table: Table, dialect: Dialect, names: tuple[str, ...], key: tuple[str, ...]
) -> _Prepared:
    quote = dialect.identifier_preparer.quote
    changed = [name for name in names if name not in key]
    order, target = [*changed, *key], quote(table.name)
    if dialect.name == "postgresql":
        arrays = ", ".join(array(table.c[name].type, n, dialect) for n, name in enumerate(order, 1))
        given = f" FROM unnest({arrays}) AS given({', '.join(map(quote, order))})"
        new = {name: f"given.{quote(name)}" for name in order}
    else:
        given, new = "", dict.fromkeys(order, "?")
    changes = ", ".join(f"{quote(name)} = {new[name]}" for name in changed)
    where = " AND ".join(f"{target}.{quote(name)} = {new[name]}" for name in key)
    statement = f"UPDATE {target} SET {changes}{given} WHERE {where}"
    return _Prepared(statement, _takers(table, dialect, order), packer(table, dialect, order), {})


def _takers(
    table: Table, dialect: Dialect, names: Sequence[str]
) -> list[tuple[str, Callable[[Any], Any] | None]]:
    types = [(name, table.c[name].type.dialect_impl(dialect)) for name in names]
    return [(name, type_.bind_processor(dialect)) for name, type_ in types]


def _resolved(statement: Any, table: Table, dialect: str, conflict: Conflict) -> Any:
    smaller, larger = (func.min, func.max) if dialect == "sqlite" else (func.least, func.greatest)
    new = statement.excluded
    changes: dict[str, ColumnElement[Any]] = {n: table.c[n] + new[n] for n in conflict.add}
    changes |= {name: new[name] for name in conflict.replace}
    changes |= {name: smaller(table.c[name], new[name]) for name in conflict.least}
    changes |= {name: larger(table.c[name], new[name]) for name in conflict.greatest}
    where = [table.c[name] for name in conflict.key]
    if changes:
        newer = None
        if conflict.newer is not None:
            newer = new[conflict.newer] > table.c[conflict.newer]
        return statement.on_conflict_do_update(index_elements=where, set_=changes, where=newer)
    return statement.on_conflict_do_nothing(index_elements=where)


def insert_into(table: Table, dialect: str) -> Any:
    """The dialect's own insert, which knows ON CONFLICT."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
