"""One service of the real ones, opened for a test: its database migrated, its clock standing."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from mediaops_common.bus.open import open_bus
from mediaops_common.clock import FrozenClock
from mediaops_common.keys import make_keys, open_keys
from mediaops_common.service import Runtime, Service, close_runtime, open_runtime
from mediaops_common.settings import Settings, StoreSettings
from sqlalchemy import insert

from tests.databases import Backend

__all__ = ["a_runtime", "pass_watermarks"]


@asynccontextmanager
async def a_runtime(
    folder: Path, service: Service, now: datetime, backend: Backend
) -> AsyncIterator[tuple[Runtime, FrozenClock]]:
    """The service's runtime without its workers, on a database of its own."""
    url = await backend.migrated(folder, service)
    common = Settings(store=StoreSettings(data=folder, database_url=url))
    make_keys(common.keys, folder / "keys")
    clock = FrozenClock(now)
    bus = await open_bus(f"sqlite:///{folder}/bus.db")
    runtime = await open_runtime(
        service,
        bus=bus,
        clock=clock,
        keys=open_keys(common.keys, folder / "keys"),
        common=common,
        migrating=False,
    )
    try:
        yield runtime, clock
    finally:
        await close_runtime(runtime)
        await bus.close()


async def pass_watermarks(
    runtime: Runtime, moment: datetime, shards: Sequence[int] = range(64)
) -> None:
    """Lets its fast group have applied everything that ingest received before the moment."""
    heads = runtime.database.tables.heads
    rows = [
        {
            "group": f"{runtime.service.name}.fast",
            "producer": "ingest",
            "topic": "mediaops.activity",
            "partition": 0,
            "shard": shard,
            "numbers": b"",
            "through": moment,
            "applied_through": moment,
        }
        for shard in shards
    ]
    async with runtime.database.write() as session:
        connection = await session.connection()
        await connection.execute(heads.delete())
        await connection.execute(insert(heads), rows)
