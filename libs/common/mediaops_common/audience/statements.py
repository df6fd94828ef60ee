"""A look-up for hot paths: its text is made once, its rows are plain tuples.

SQLAlchemy's own way turns every IN list into a new text; with thousands of values in a batch that
costs more than the database does. PostgreSQL is given all of them as one array.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Column, and_, bindparam, select
from sqlalchemy.sql import ColumnElement
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.arrays import is_any_of
from mediaops_common.columns import Guid

__all__ = ["Lookup", "as_id", "stored_ids"]

SIZES = (20, 100, 500, 2_000)
"""Lengths of SQLite's IN lists. A shorter list is filled up with its last value, so that there are
few texts and each stays prepared."""


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
        if not values:
            return []
        if connection.dialect.name == "postgresql":
            found = await connection.exec_driver_sql(self._text(session, 1), (*given, values))
            return list(found.all())
        rows: list[Any] = []
        start = 0
        while start < len(values):
            left = len(values) - start
            size = next((size for size in SIZES if size >= left), SIZES[-1])
            part = values[start : start + size]
            filled = (*given, *part, *[part[-1]] * (size - len(part)))
            result = await connection.exec_driver_sql(self._text(session, size), filled)
            rows.extend(result.all())
            start += size
        return rows

    def _text(self, session: AsyncSession, size: int) -> str:
        dialect = session.get_bind().dialect
        text = self._texts.get((dialect.name, size))
        if text is None:
            conditions: list[ColumnElement[bool]] = [
                column == bindparam(f"g{n}", type_=column.type)
                for n, column in enumerate(self._given)
            ]
            places = [bindparam(f"v{n}", type_=self._column.type) for n in range(size)]
            if dialect.name == "postgresql":
                wanted = is_any_of(self._column, "v0")
            else:
                wanted = self._column.in_(places)
            query = select(*self._columns).where(and_(*conditions, wanted))
            if self._locking:
                query = query.with_for_update()
            compiled = query.compile(dialect=dialect)
            expected = [f"g{n}" for n in range(len(self._given))]
            expected += [f"v{n}" for n in range(size)]
            assert compiled.positiontup == expected, "parameters are in the order they are given"
            text = self._texts[dialect.name, size] = str(compiled)
        return text
