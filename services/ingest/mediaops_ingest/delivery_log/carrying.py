"""The raw deliveries in a dump, as they lie in a file or partition: with their seqs, to which
cursors and outcomes refer."""

from collections.abc import AsyncIterator
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

from mediaops_common.carrying import Beside
from mediaops_common.carrying.file import Rows
from mediaops_common.postgresql import connect
from mediaops_common.settings import StoreSettings
from sqlalchemy.engine import make_url

from mediaops_ingest.delivery_log.days import DayFiles, day_in
from mediaops_ingest.delivery_log.lifecycle import log_url
from mediaops_ingest.delivery_log.partitions import LOCK, PARENT, SCHEMA, ensure_day
from mediaops_ingest.delivery_log.rows import COLUMNS

__all__ = ["DELIVERIES"]

BATCH = 50
"""Each may have some megabytes."""

READ = f"SELECT {COLUMNS} FROM delivery WHERE seq > ? ORDER BY seq LIMIT {BATCH}"
READ_SHARED = f"SELECT {COLUMNS} FROM {PARENT} WHERE seq > $1 ORDER BY seq LIMIT {BATCH}"
WRITE = f"INSERT INTO delivery ({COLUMNS}) VALUES (?, ?, ?, ?)"


async def _read(store: StoreSettings) -> AsyncIterator[Rows]:
    url = make_url(log_url(store))
    if url.get_backend_name() == "postgresql":
        connection = await connect(url)
        try:
            after = 0
            while rows := await connection.fetch(READ_SHARED, after):
                yield [tuple(row) for row in rows]
                after = rows[-1]["seq"]
        finally:
            await connection.close()
        return
    files = DayFiles(Path(str(url.database)))
    for day in files.days():
        with closing(files.open_reader(day)) as file:
            after = 0
            while rows := file.execute(READ, (after,)).fetchall():
                yield rows
                after = rows[-1][0]


async def _write(store: StoreSettings, batches: AsyncIterator[Rows]) -> None:
    url = make_url(log_url(store))
    if url.get_backend_name() == "postgresql":
        connection = await connect(url)
        try:
            await _copy(connection, batches)
        finally:
            await connection.close()
        return
    files = DayFiles(Path(str(url.database)))
    if files.days():
        raise FileExistsError("there are deliveries already")
    async for rows in batches:
        for day, its in groupby(rows, key=lambda row: day_in(row[0])):
            with closing(files.open_writer(day)) as file:
                file.execute("BEGIN")
                file.executemany(WRITE, list(its))
                file.execute("COMMIT")


async def _copy(connection: Any, batches: AsyncIterator[Rows]) -> None:
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
        if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {PARENT})"):
            raise FileExistsError("there are deliveries already")
        async for rows in batches:
            for day, its in groupby(rows, key=lambda row: day_in(row[0])):
                await ensure_day(connection, day)
                await connection.copy_records_to_table(
                    "delivery", schema_name=SCHEMA, columns=COLUMNS.split(", "), records=list(its)
                )


DELIVERIES = Beside("deliveries", _read, _write)
