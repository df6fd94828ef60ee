"""Values of columns as a file can hold them, the same from and for both databases."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    LargeBinary,
    String,
    TypeDecorator,
)

from mediaops_common.columns import Guid, UtcDateTime

__all__ = ["packer", "unpacker"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

Change = Callable[[Any], Any]


def packer(columns: Sequence[Column[Any]]) -> Callable[[Sequence[Any]], list[Any]]:
    """From what the database gives to what the file holds."""
    return _each([_packing(column) for column in columns])


def unpacker(columns: Sequence[Column[Any]]) -> Callable[[Sequence[Any]], list[Any]]:
    """And back."""
    return _each([_unpacking(column) for column in columns])


def _each(changes: Sequence[Change | None]) -> Callable[[Sequence[Any]], list[Any]]:
    def change(row: Sequence[Any]) -> list[Any]:
        return [
            value if how is None or value is None else how(value)
            for how, value in zip(changes, row, strict=True)
        ]

    return change


def _packing(column: Column[Any]) -> Change | None:
    match column.type:
        case Guid():
            return lambda value: value.bytes
        case UtcDateTime():
            return lambda value: (value - EPOCH) // MICROSECOND
        case Date():
            return date.isoformat
        case JSON():
            return lambda value: json.dumps(value, ensure_ascii=False)
    _check(column)
    return None


def _unpacking(column: Column[Any]) -> Change | None:
    match column.type:
        case Guid():
            return lambda value: UUID(bytes=value)
        case UtcDateTime():
            return lambda value: EPOCH + value * MICROSECOND
        case Date():
            return date.fromisoformat
        case JSON():
            return json.loads
    _check(column)
    return None


def _check(column: Column[Any]) -> None:
    """A kind of column that nobody thought of here must not come back as something else."""
    kind = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
    if not isinstance(kind, String | Integer | Boolean | Float | LargeBinary):
        raise TypeError(f"{column} is {column.type!r}, which no file was ever asked to hold")
