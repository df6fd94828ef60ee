"""A column of many rows as one parameter of a statement.

On PostgreSQL that is an array, or a text that the server makes one of; on SQLite each row has
parameters of its own.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import JSON, Boolean, Dialect, Integer, String, Table, any_, bindparam
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import TypeEngine

from mediaops_common.columns import Guid, UtcDateTime

__all__ = ["array", "is_any_of", "packer", "told_array", "told_packer"]

Values = Sequence[Any]
Packer = Callable[[list[Values]], Any]

TOLD = (Integer, String, Boolean, JSON, Guid, UtcDateTime)
"""Types whose values an insert tells PostgreSQL as one JSON text a column."""

_encoder = msgspec.json.Encoder()


def array(type_: TypeEngine[Any], place: int, dialect: Dialect) -> str:
    """PostgreSQL's array of a column's values, from the parameter at this place. It is known when
    the statement is planned, so that a join with it is one with as many rows."""
    given = f"string_to_array(${place}, ',', 'None')" if isinstance(type_, Integer) else f"${place}"
    return f"CAST({given} AS {_as_array(type_).compile(dialect)})"


def packer(table: Table, dialect: Dialect, names: Sequence[str]) -> Packer:
    """What turns the values of these columns into parameters, each for an `array`."""
    if dialect.name != "postgresql":
        return _transposed
    return partial(_as_arrays, [isinstance(table.c[name].type, Integer) for name in names])


def told_array(type_: TypeEngine[Any], place: int, dialect: Dialect) -> str:
    """The array of a column that is only inserted. Nothing is planned by how long that is, and to
    tell it as a JSON text costs the driver a seventh."""
    if not isinstance(type_, TOLD):
        return array(type_, place, dialect)
    given = f"ARRAY(SELECT json_array_elements_text(${place}))"
    return f"CAST({given} AS {_as_array(type_).compile(dialect)})"


def told_packer(table: Table, dialect: Dialect, names: Sequence[str]) -> Packer:
    """Likewise, each for a `told_array`."""
    if dialect.name != "postgresql":
        return _transposed
    return partial(_as_texts, [isinstance(table.c[name].type, TOLD) for name in names])


def is_any_of(
    wanted: ColumnElement[Any], name: str, values: Values | None = None
) -> ColumnElement[bool]:
    """Whether the column is one of the values of a parameter: PostgreSQL's IN list that has one
    text and one plan, however many there are."""
    given = bindparam(name, values, type_=_as_array(wanted.type), required=values is None)
    return wanted == any_(given)


def _as_array(type_: TypeEngine[Any]) -> postgresql.ARRAY[Any]:
    """Without the length of texts: a cast to it would cut what a column refuses."""
    return postgresql.ARRAY(String() if isinstance(type_, String) else type_)


def _transposed(columns: list[Values]) -> list[tuple[Any, ...]]:
    return list(zip(*columns, strict=True))


def _as_arrays(are_numbers: list[bool], columns: list[Values]) -> tuple[Any, ...]:
    """Numbers as one text: of an array the driver asks for each element whether it is one too."""
    return tuple(
        ",".join(map(str, values)) if is_number else values
        for is_number, values in zip(are_numbers, columns, strict=True)
    )


def _as_texts(are_told: list[bool], columns: list[Values]) -> tuple[Any, ...]:
    return tuple(
        _encoder.encode(values).decode() if is_told else values
        for is_told, values in zip(are_told, columns, strict=True)
    )
