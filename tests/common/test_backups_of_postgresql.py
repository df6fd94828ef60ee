"""Backups as the guide makes them hold every row, though row-level security holds for the owner."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest
from mediaops_common.schema import prepare
from mediaops_common.settings import StoreSettings
from mediaops_ingest.main import INGEST

from tests.common.test_carrying import Place
from tests.postgres import OWNER, Cluster

pytestmark = [pytest.mark.databases("postgresql"), pytest.mark.nightly]


@pytest.fixture
def cluster(backend):
    made = Cluster()
    yield made
    made.remove()


@pytest.fixture
async def filled(cluster, tmp_path):
    await cluster.create("filled")
    owning = cluster.url("filled", OWNER)
    store = StoreSettings(
        data=tmp_path, database_url=cluster.url("filled"), database_owner_url=owning
    )
    place = Place(store)
    await place.fill()
    yield place
    await place.database.close()


def program(cluster: Cluster, name: str) -> Path:
    found = cluster.binaries / name
    if not found.exists():
        pytest.skip(
            f"A back-up was left out: install {name} (Debian: apt-get install postgresql-client)"
        )
    return found


async def run(*command: object, **environment: str) -> None:
    await asyncio.to_thread(subprocess.run, command, env=os.environ | environment, check=True)


async def test_a_dump_by_the_owner_is_restored_by_the_owner(cluster, filled, tmp_path) -> None:
    file, reach = tmp_path / "ingest.dump", "-c mediaops.workspace=*"
    dump = [program(cluster, "pg_dump"), "--enable-row-security", "--format=custom"]
    await run(*dump, f"--file={file}", cluster.url("filled", OWNER), PGOPTIONS=reach)
    await cluster.create("restored")
    into = f"--dbname={cluster.url('restored', OWNER)}"
    await run(program(cluster, "pg_restore"), "--exit-on-error", into, file)
    serving = StoreSettings(data=tmp_path, database_url=cluster.url("restored"), production=True)
    restored = Place(serving)
    try:
        await prepare(INGEST, serving, restored.database)  # policies and rights came along
        assert await restored.rows() == await filled.rows()
        assert await restored.deliveries() == await filled.deliveries()
    finally:
        await restored.database.close()


async def test_a_base_backup_is_the_moment_at_which_it_was_made(cluster, filled) -> None:
    before = await filled.rows()
    await asyncio.to_thread(cluster.back_up, str(program(cluster, "pg_basebackup")))
    async with filled.database.write() as session:
        await (await session.connection()).exec_driver_sql("DELETE FROM workspace")
    await filled.database.close()
    await asyncio.to_thread(cluster.restore)
    assert await filled.rows() == before
