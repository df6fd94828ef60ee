"""Statements for hot paths: their text is made once, their rows are plain tuples.

SQLAlchemy's own way turns every row from a dictionary into parameters and every IN list into a new
text; with thousands of rows in a batch that costs more than the database does.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, and_, bindparam, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.columns import Guid
from mediaops_common.db import insert_into

__all__ = ["BulkInsert", "Lookup", "as_id", "stored_ids"]

SIZES = (20, 100, 500, 2_000)
"""Lengths of IN lists. A shorter list is filled up with its last value, so that there are few
texts and each stays prepared."""


def stored_ids(session: AsyncSession) -> Callable[[UUID], Any]:
    """Turns a UUID into what this database stores."""
    dialect, ids = session.get_bind().dialect, Guid()
    return lambda value: ids.process_bind_param(value, dialect)


def as_id(value: Any) -> UUID:
    """The UUID of what a database stored."""
    return value if isinstance(value, UUID) else UUID(bytes=value)


class Lookup:
    """SELECT `columns` WHERE each of `given` is so and `column` is one of many values.

    Values are given and rows come as the database stores them: ids by `stored_ids`.
    """

    def __init__(
        self,
        columns: Sequence[Column[Any]],
        given: Sequence[Column[Any]],
        column: Column[Any],
        *,
        locking: bool = False,
    ) -> None:
        self._columns, self._given, self._column = columns, given, column
        self._locking = locking
        self._texts: dict[tuple[str, int], str] = {}

    async def rows(
        self, session: AsyncSession, given: Sequence[Any], values: Sequence[Any]
    ) -> list[Any]:
        """The rows that match, in no order."""
        connection = await session.connection()
        found: list[Any] = []
        start = 0
        while start < len(values):
            left = len(values) - start
            size = next((size for size in SIZES if size >= left), SIZES[-1])
            part = values[start : start + size]
            filled = (*given, *part, *[part[-1]] * (size - len(part)))
            result = await connection.exec_driver_sql(self._text(session, size), filled)
            found.extend(result.all())
            start += size
        return found

    def _text(self, session: AsyncSession, size: int) -> str:
        dialect = session.get_bind().dialect
        text = self._texts.get((dialect.name, size))
        if text is None:
            places = [bindparam(f"v{n}", type_=self._column.type) for n in range(size)]
            conditions = [
                column == bindparam(f"g{n}", type_=column.type)
                for n, column in enumerate(self._given)
            ]
            query = select(*self._columns).where(and_(*conditions, self._column.in_(places)))
            if self._locking:
                query = query.with_for_update()
            compiled = query.compile(dialect=dialect)
            expected = [f"g{n}" for n in range(len(self._given))]
            expected += [f"v{n}" for n in range(size)]
            assert compiled.positiontup == expected, "parameters are in the order they are given"
            text = self._texts[dialect.name, size] = str(compiled)
        return text


class BulkInsert:
    """INSERT of many rows given as tuples of stored values, in the order of `columns`,
    which is that of the table.

    With a `key`, a row that is there already gets the new values of the other columns.
    """

    def __init__(self, table: Table, columns: Sequence[str], *, key: Sequence[str] = ()) -> None:
        self._table, self._columns, self._key = table, list(columns), key
        self._texts: dict[str, str] = {}

    async def rows(self, session: AsyncSession, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            connection = await session.connection()
            await connection.exec_driver_sql(self._text(session), list(rows))

    def _text(self, session: AsyncSession) -> str:
        dialect = session.get_bind().dialect
        text = self._texts.get(dialect.name)
        if text is None:
            statement = insert_into(self._table, dialect.name).values(
                {name: bindparam(name, type_=self._table.c[name].type) for name in self._columns}
            )
            if self._key:
                statement = statement.on_conflict_do_update(
                    index_elements=list(self._key),
                    set_={
                        name: statement.excluded[name]
                        for name in self._columns
                        if name not in self._key
                    },
                )
            compiled = statement.inline().compile(dialect=dialect)
            assert compiled.positiontup == self._columns, "columns are in the table's order"
            text = self._texts[dialect.name] = str(compiled)
        return text
