"""Writes everything that services keep into one file."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Table, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mediaops_common.carrying.file import Carried, Manifest, Rows, Writer, writing
from mediaops_common.carrying.values import packer
from mediaops_common.db import open_database
from mediaops_common.migrations import newest
from mediaops_common.schema import or_exit, prepare_to_carry

if TYPE_CHECKING:
    from mediaops_common.service import Service
    from mediaops_common.settings import StoreSettings

__all__ = ["dump", "has_memory"]

BATCH = 1_000


async def dump(services: Sequence["Service"], store: "StoreSettings", path: Path) -> Manifest:
    """Nothing may run on the data meanwhile. It is brought to this version first, as by a start."""
    manifest = Manifest(made_at=datetime.now(UTC).isoformat(), revisions={}, members={})
    with writing(path) as writer:
        for service in services:
            manifest.revisions[service.name] = newest(service.versions)
            with or_exit(service.name):
                await prepare_to_carry(service, store)
                members = manifest.members[service.name] = await _tables(service, store, writer)
            for beside in service.beside:
                count = await writer.add(service.name, beside.name, beside.read(store))
                members[beside.name] = Carried(count)
        writer.finish(manifest)
    return manifest


async def _tables(service: "Service", store: "StoreSettings", writer: Writer) -> dict[str, Carried]:
    """All tables of one service in one consistent view."""
    url = store.url_of(service.name)
    database = open_database(url, name=service.name, metadata=service.metadata)
    members = {}
    try:
        async with database.reader.connect() as connection:
            for table in service.metadata.sorted_tables:
                count = await writer.add(service.name, table.name, _rows(connection, table))
                columns = [str(column.name) for column in table.columns]
                members[table.name] = Carried(count, columns, await _following(connection, table))
    finally:
        await database.close()
    return members


async def _rows(connection: AsyncConnection, table: Table) -> AsyncIterator[Rows]:
    pack = packer(list(table.columns))
    async with connection.stream(select(table)) as found:
        async for rows in found.partitions(BATCH):
            yield [pack(row) for row in rows]


async def _following(connection: AsyncConnection, table: Table) -> int | None:
    """The number that the table would give next; None for one that does not count."""
    column = table.autoincrement_column
    if column is None or column.autoincrement is not True:
        return None
    if connection.dialect.name == "sqlite":
        counted = text("SELECT max(seq) FROM sqlite_sequence WHERE name = :name")
        highest = select(column).order_by(column.desc()).limit(1)
        given = [
            await connection.scalar(counted, {"name": table.name}) if has_memory(table) else 0,
            await connection.scalar(highest),
        ]
        return max(number or 0 for number in given) + 1
    names = {"table": table.name, "column": column.name}
    sequence = await connection.scalar(
        text("SELECT pg_get_serial_sequence(:table, :column)"), names
    )
    following = await connection.scalar(
        text(f"SELECT last_value + is_called::integer FROM {sequence}")
    )
    return int(following)


def has_memory(table: Table) -> bool:
    """Whether SQLite remembers the numbers of rows that are gone."""
    return bool(table.dialect_options["sqlite"]["autoincrement"])
