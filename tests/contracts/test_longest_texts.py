"""Whatever is accepted fits into the indexes of PostgreSQL: one that does not would stop a service.

Which columns there are is read from the metadata. How long their texts may become is what the
columns declare, or what is said here of those that declare nothing, or more than comes in.
"""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from mediaops_common.columns import Guid, UtcDateTime
from mediaops_common.db import open_database
from mediaops_common.lengths import LONGEST_ID, LONGEST_PUBLISHED_ID, LONGEST_TYPE
from mediaops_common.service import Service
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    LargeBinary,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

from tests.databases import Backend

SERVICES = ("ingest", "content", "crm", "insights")

LARGEST_ROW = 2_704
"""Bytes of a row in a B-tree, with what is around the values."""

AROUND = 16
OF_A_CHARACTER = 4
OF_ANOTHER_VALUE = 16
"""A UUID; numbers and moments take no more."""

ACCEPTED = {
    "insights.name.text": max(LONGEST_ID, LONGEST_TYPE),  # regions, types, and ids as text
    "insights.external_content.external_id": LONGEST_PUBLISHED_ID,
    "insights.publication.external_id": LONGEST_PUBLISHED_ID,
    "insights.snapshot_fact.content": LONGEST_ID,
    "insights.snapshot_covered.content": LONGEST_ID,
    "crm.actor.external_id": LONGEST_ID,
}
"""Column → characters, where the column itself is wider. That no more are taken over HTTP is tested
with the whole system."""

DIGESTS = {"ingest.dedup_key.key", "ingest.source.hook_digest"} | {
    f"{service}.audience_actor.key" for service in ("crm", "insights")
}
"""Bytes of our own making, 32 at most."""

Index = tuple[Table, list[Column[Any]]]


def service_of(name: str) -> Service:
    service: Service = getattr(import_module(f"mediaops_{name}.main"), name.upper())
    return service


def indexes(service: Service) -> Iterator[Index]:
    for table in service.metadata.sorted_tables:
        yield table, list(table.primary_key.columns)
        for constraint in table.constraints:
            if isinstance(constraint, UniqueConstraint):
                yield table, list(constraint.columns)
        for index in table.indexes:
            yield table, list(index.columns)


def plain(column: Column[Any]) -> TypeEngine[Any]:
    return column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type


def is_text(column: Column[Any]) -> bool:
    return isinstance(plain(column), String)


def is_digest(column: Column[Any]) -> bool:
    return isinstance(column.type, LargeBinary)


def longest(service: Service, column: Column[Any]) -> int:
    """Characters of a text."""
    name = f"{service.name}.{column.table.name}.{column.name}"
    length = ACCEPTED.get(name, getattr(plain(column), "length", None))
    assert length is not None, f"{name} is in an index: say how long it may become"
    return length


@pytest.mark.parametrize("name", SERVICES)
def test_no_row_of_an_index_can_become_too_large(name: str) -> None:
    service = service_of(name)
    found = 0
    for table, columns in indexes(service):
        size = AROUND
        for column in columns:
            if is_text(column):
                found += 1
                size += OF_A_CHARACTER * longest(service, column) + OF_A_CHARACTER
            elif is_digest(column):
                assert f"{name}.{table.name}.{column.name}" in DIGESTS
                size += 2 * OF_ANOTHER_VALUE
            else:
                size += OF_ANOTHER_VALUE
        assert size <= LARGEST_ROW, (table.name, [column.name for column in columns], size)
    assert found > 10, "the texts of common's own tables at least"


def noise(length: int) -> str:
    """Characters of four bytes that no database can pack into less."""
    return "".join(chr(random.randrange(0x20000, 0x2FFFF)) for _ in range(length))


def value_of(service: Service, column: Column[Any], is_indexed: bool) -> Any:
    """The longest text where there is an index, and anything that fits elsewhere; the same id
    everywhere, so that whatever a row refers to is there."""
    if is_text(column):
        return noise(longest(service, column)) if is_indexed else "x"
    if is_digest(column):
        return random.randbytes(16)
    if isinstance(column.type, Guid):
        return UUID(int=1)
    if isinstance(column.type, UtcDateTime):
        return datetime(2026, 11, 22, tzinfo=UTC)
    if isinstance(column.type, Date):
        return date(2026, 11, 22)
    if isinstance(column.type, Boolean):
        return True
    return {} if isinstance(column.type, JSON) else 1


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.databases("postgresql")
async def test_the_longest_texts_fit(tmp_path: Path, backend: Backend, name: str) -> None:
    service = service_of(name)
    indexed = {column for _, columns in indexes(service) for column in columns}
    url = await backend.migrated(tmp_path, service)
    database = open_database(url, name=name, metadata=service.metadata)
    try:
        async with database.write() as session:
            connection = await session.connection()
            for table in service.metadata.sorted_tables:
                row = {
                    column.name: value_of(service, column, column in indexed)
                    for column in table.columns
                    if column in indexed or not (column.nullable or column.server_default)
                }
                await connection.execute(table.insert(), [row])
    finally:
        await database.close()
