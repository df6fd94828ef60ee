"""Inserts of many rows: the statement's text is made once, its rows become plain tuples.

SQLAlchemy's own way builds the statement, looks it up and turns every row's dictionary into
parameters each time; in hot transactions that costs more than the database does.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Table, bindparam, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import StatementError
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.aside import aside

__all__ = ["Conflict", "insert_into", "insert_rows"]

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


class _Prepared(NamedTuple):
    text: str
    columns: list[tuple[str, Callable[[Any], Any] | None]]
    """Name, and what turns a value into what the driver takes."""
    defaults: dict[str, Any]
    """Values of columns that the rows do not give."""


async def insert_rows(
    session: AsyncSession, table: Table, rows: Sequence[Row], conflict: Conflict | None = None
) -> None:
    """Inserts the rows, which all have the same columns, in the order given.

    Raises StatementError for a value that its column does not take.
    """
    if not rows:
        return
    prepared = _prepared(table, session.get_bind().dialect, tuple(rows[0]), conflict)
    try:
        stored = await aside(len(rows), _stored, prepared, rows)
    except (TypeError, ValueError) as error:
        told = f"({type(error).__name__}) {error}"
        raise StatementError(told, prepared.text, None, error, hide_parameters=True) from error
    connection = await session.connection()
    await connection.exec_driver_sql(prepared.text, stored)


def _stored(prepared: _Prepared, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """What the driver gets, worked out column by column."""
    columns = []
    for name, stored in prepared.columns:
        if name in prepared.defaults:
            values = [prepared.defaults[name]] * len(rows)
        else:
            values = [row[name] for row in rows]
        columns.append(values if stored is None else [stored(value) for value in values])
    return list(zip(*columns, strict=True))


@lru_cache(maxsize=512)
def _prepared(
    table: Table, dialect: Dialect, names: tuple[str, ...], conflict: Conflict | None
) -> _Prepared:
    defaults = {
        column.name: column.default.arg
        for column in table.columns
        if column.name not in names and isinstance(column.default, ScalarElementColumnDefault)
    }
    given = (*names, *defaults)
    statement = insert_into(table, dialect.name).values(
        {name: bindparam(name, type_=table.c[name].type) for name in given}
    )
    if conflict is not None:
        statement = _resolved(statement, table, dialect.name, conflict)
    compiled = statement.inline().compile(dialect=dialect)
    order = compiled.positiontup
    assert order is not None
    assert sorted(order) == sorted(given), "every parameter is a column of the row"
    columns = []
    for name in order:
        type_ = table.c[name].type.dialect_impl(dialect)
        columns.append((name, type_.bind_processor(dialect)))
    return _Prepared(str(compiled), columns, defaults)


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
