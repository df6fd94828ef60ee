"""Puts a dump where nothing is yet."""

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, func, select, text
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.carrying.dump import has_memory
from mediaops_common.carrying.file import Carried, Manifest, Reader, Rows, reading
from mediaops_common.carrying.values import unpacker
from mediaops_common.db import insert_rows, open_database
from mediaops_common.migrations import newest
from mediaops_common.schema import or_exit, prepare_to_carry

if TYPE_CHECKING:
    from mediaops_common.service import Service
    from mediaops_common.settings import StoreSettings

__all__ = ["load"]


async def load(services: Sequence["Service"], store: "StoreSettings", path: Path) -> Manifest:
    """Makes the tables and fills them, those of each service in one transaction, and then what lies
    beside them.

    Raises ValueError where the file is damaged or from another version, FileExistsError where
    something is already, and then has changed no row.
    """
    with reading(path) as dump:
        _check(services, dump.manifest)
        for service in services:
            with or_exit(service.name):
                await prepare_to_carry(service, store)
                await _check_empty(service, store)
        for service in services:
            members = dump.manifest.members[service.name]
            with or_exit(service.name):
                await _fill(service, store, dump, members)
            for beside in service.beside:
                await beside.write(store, _batches(dump, service.name, beside.name))
        return dump.manifest


def _check(services: Sequence["Service"], manifest: Manifest) -> None:
    for service in services:
        found = manifest.revisions.get(service.name)
        if found is None:
            raise ValueError(f"it has nothing of {service.name}")
        if found != newest(service.versions):
            raise ValueError(
                f"{service.name} is of another version in it: dump and load with the same one"
            )


async def _check_empty(service: "Service", store: "StoreSettings") -> None:
    url = store.url_of(service.name)
    database = open_database(url, name=service.name, metadata=service.metadata)
    try:
        async with database.reader.connect() as connection:
            for table in service.metadata.sorted_tables:
                if await connection.scalar(select(func.count()).select_from(table)):
                    raise FileExistsError(f"{service.name} has rows in {table.name} already")
    finally:
        await database.close()


async def _fill(
    service: "Service", store: "StoreSettings", dump: Reader, members: dict[str, Carried]
) -> None:
    url = store.owner_url_of(service.name) or store.url_of(service.name)
    database = open_database(url, name=service.name, metadata=service.metadata)
    try:
        async with database.write() as session:
            for table in service.metadata.sorted_tables:  # what is referred to comes first
                carried = members[table.name]
                await _fill_table(session, table, carried, dump.rows(service.name, table.name))
    finally:
        await database.close()


async def _fill_table(
    session: AsyncSession, table: Table, carried: Carried, batches: Iterator[list[list[Any]]]
) -> None:
    unpack = unpacker([table.c[name] for name in carried.columns])
    count = 0
    for rows in batches:
        named = [dict(zip(carried.columns, unpack(row), strict=True)) for row in rows]
        await insert_rows(session, table, named)
        count += len(rows)
    if count != carried.rows:
        raise ValueError(f"{table.name} has {count} rows in it, not {carried.rows}")
    if carried.following is not None:
        await _count_on(session, table, carried.following)


async def _count_on(session: AsyncSession, table: Table, following: int) -> None:
    """The next row gets this number, though the highest rows may be gone."""
    connection = await session.connection()
    column = table.autoincrement_column
    assert column is not None
    if connection.dialect.name == "postgresql":
        names = {"table": table.name, "column": column.name, "following": following}
        await connection.execute(
            text("SELECT setval(pg_get_serial_sequence(:table, :column), :following, false)"),
            names,
        )
    elif has_memory(table):
        names = {"table": table.name, "last": following - 1}
        await connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), names)
        await connection.execute(
            text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :last)"), names
        )


async def _batches(dump: Reader, service: str, member: str) -> AsyncIterator[Rows]:
    for rows in dump.rows(service, member):
        yield rows
