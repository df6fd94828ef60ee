"""Backups as the guide makes them hold every row, though row-level security holds for the owner."""

import asyncio
import os
import re
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


ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/guides/backup-and-restore.md"
CONFIGURATION = ROOT / "deploy/postgresql/postgresql.conf"
PLACE = "/var/lib/postgresql/data"
"""What the image mounts the volume at."""


@pytest.fixture
def composed_cluster(backend):
    """With the settings of compose.yaml's, apart from where it listens."""
    text = CONFIGURATION.read_text()
    settings = dict(re.findall(r"^(\w*wal\w*|checkpoint\w*) = (\w+)$", text, re.M))
    assert settings
    made = Cluster(**settings)
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


def typed(begin: str, end: str) -> str:
    """What the guide types in the container of the server."""
    text = re.escape(f"docker compose {begin} ") + "(.+)" + re.escape(f" {end}")
    (command,) = re.findall(f"^{text}$", GUIDE.read_text(), re.M)
    return str(command)


async def test_the_commands_for_compose_bring_back_what_was_written_meanwhile(
    composed_cluster,
) -> None:
    """Its reader is slow, so checkpoints come while it runs; at each of them a server removes the
    log from before, unless it is told to keep it."""
    cluster = composed_cluster
    program(cluster, "pg_basebackup")
    back_up = typed("exec -T postgres", "> base.tar")
    restore = typed("run --rm --no-deps -T --entrypoint sh postgres -c", "< base.tar").strip("'")
    await cluster.execute("CREATE TABLE one AS SELECT 1 AS n")
    with cluster.shell(back_up, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as begun:
        assert begun.stdout is not None
        assert begun.stderr is not None
        first = begun.stdout.read(1 << 20)
        for _ in range(4):
            await cluster.execute("INSERT INTO one SELECT generate_series(1, 10000)")
            await cluster.execute("SELECT pg_switch_wal()")
            await cluster.execute("CHECKPOINT")
        archive = first + begun.stdout.read()
        told = begun.stderr.read().decode()
    assert begun.returncode == 0, told
    counted = "SELECT 1 / (count(*) = 40001)::int FROM one"  # an error where it is not so
    await cluster.execute(counted)
    await cluster.execute("INSERT INTO one VALUES (2)")
    restored = cluster.folder / "restored"
    with cluster.shell(
        f"mkdir {restored} && {restore.replace(PLACE, str(restored))}", stdin=subprocess.PIPE
    ) as unpacking:
        unpacking.communicate(archive)
    assert unpacking.returncode == 0
    (restored / "cluster").rename(cluster.folder / "backup")
    cluster.restore()
    await cluster.execute(counted)


async def test_a_base_backup_is_the_moment_at_which_it_was_made(cluster, filled) -> None:
    before = await filled.rows()
    await asyncio.to_thread(cluster.back_up, str(program(cluster, "pg_basebackup")))
    async with filled.database.write() as session:
        await (await session.connection()).exec_driver_sql("DELETE FROM workspace")
    await filled.database.close()
    await asyncio.to_thread(cluster.restore)
    assert await filled.rows() == before
