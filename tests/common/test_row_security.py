"""The second wall: what PostgreSQL shows to whom, and what the role that serves may not do."""

import asyncio
import shutil
import subprocess
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated
from uuid import UUID

import asyncpg
import pytest
from fastapi import APIRouter
from mediaops_common.db import open_database
from mediaops_common.http import Caller, Reads, Tx, allow
from mediaops_common.ids import new_id, workspace_id
from mediaops_common.lease import acquire
from mediaops_common.reach import EVERY_WORKSPACE, NO_WORKSPACE, reaching
from mediaops_common.row_security import secure
from mediaops_common.schema import prepare, upgrade
from mediaops_common.service import Service
from mediaops_common.settings import Settings, StoreSettings
from sqlalchemy import make_url, select
from sqlalchemy.exc import DataError, DBAPIError, ProgrammingError

from tests.common.http.fake import FAKE, METADATA, NOTE, running
from tests.postgres import OWNER, SERVING, SUPERUSER, shared_cluster

pytestmark = pytest.mark.databases("postgresql")

ROOT = Path(__file__).parents[2]
OURS, THEIRS = workspace_id("acme"), workspace_id("other")

MACHINERY = {
    "alembic_version",
    "archive_lane",
    "archive_mark",
    "dedup_key",
    "heads",
    "lane",
    "lease",
    "name",
    "outbox",
    "outbox_lane",
    "outbox_state",
    "position",
    "projection",
    "rebuild",
    "registry_version",
    "republication",
    "shard",
    "stall",
}
"""Tables without rows of a workspace: numbers, digests, and events on their way to the bus. No
route shows their rows."""


def service(name: str) -> Service:
    return getattr(import_module(f"mediaops_{name}.main"), name.upper())


@pytest.fixture
async def ingest(tmp_path, backend):
    """Its database as the role that serves, with two workspaces."""
    url = await backend.migrated(tmp_path, service("ingest"))
    database = open_database(url, name="ingest", metadata=service("ingest").metadata)
    yield SimpleNamespace(database=database, url=url, workspace=database.tables.workspace)
    await database.close()


async def add(database, *slugs: str) -> None:
    table = database.tables.workspace
    row = {"timezone": "UTC", "version": 1, "has_activity": False}
    async with database.write() as session:
        rows = [row | {"workspace_id": workspace_id(s), "slug": s, "name": s} for s in slugs]
        await (await session.connection()).execute(table.insert(), rows)


async def slugs(database) -> list[str]:
    """Of all workspaces: a query without any condition."""
    async with database.read() as session:
        found = await (await session.connection()).execute(select(database.tables.workspace.c.slug))
        return sorted(found.scalars())


@pytest.mark.parametrize("name", ["ingest", "content", "crm", "insights"])
async def test_every_table_with_rows_of_workspaces_has_its_policy(tmp_path, backend, name) -> None:
    connection = await asyncpg.connect(await backend.migrated(tmp_path, service(name)))
    try:
        rows = await connection.fetch(
            "SELECT relname, relrowsecurity AND relforcerowsecurity AS forced, count(polname) AS n,"
            " pg_get_userbyid(relowner) AS owner FROM pg_class"
            " LEFT JOIN pg_policy ON polrelid = pg_class.oid"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace GROUP BY 1, 2, relowner"
        )
    finally:
        await connection.close()
    assert {row["owner"] for row in rows} == {OWNER}
    assert {row["relname"] for row in rows if not row["forced"] or row["n"] != 1} <= MACHINERY
    assert {row["relname"] for row in rows if row["forced"]} >= {"workspace", "parked", "applied"}


async def test_a_connection_that_names_no_workspace_sees_nothing(ingest) -> None:
    await add(ingest.database, "acme", "other")
    connection = await asyncpg.connect(ingest.url)
    try:
        seen = "SELECT slug FROM workspace ORDER BY slug"
        assert await connection.fetch(seen) == []
        async with connection.transaction():
            await connection.execute("SELECT set_config('mediaops.workspace', $1, true)", str(OURS))
            assert [row["slug"] for row in await connection.fetch(seen)] == ["acme"]
        assert await connection.fetch(seen) == [], "the setting ends with its transaction"
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.execute(
                "INSERT INTO workspace VALUES ($1, 'x', 'x', 'UTC', 1, false, now())", OURS
            )
    finally:
        await connection.close()


async def test_each_transaction_reaches_what_its_task_may_reach(ingest) -> None:
    await add(ingest.database, "acme", "other")

    async def of(workspace: UUID | str) -> list[str]:
        with reaching(workspace):
            return await slugs(ingest.database)

    wanted = [OURS, THEIRS, NO_WORKSPACE, EVERY_WORKSPACE] * 5
    found = await asyncio.gather(*map(of, wanted))  # through one pool, at the same time
    assert found == [["acme"], ["other"], [], ["acme", "other"]] * 5


async def test_a_glance_shows_the_machinery_and_no_row_of_a_workspace(ingest) -> None:
    await add(ingest.database, "acme", "other")
    async with ingest.database.write() as session:
        await acquire(session, "job:a", "me")
    tables = ingest.database.tables
    for _ in range(3):  # by connections that had a transaction with a reach, and go back to one
        async with ingest.database.glance() as session:
            connection = await session.connection()
            owners = await connection.execute(select(tables.lease.c.owner))
            assert owners.scalars().all() == ["me"]
            assert (await connection.execute(select(tables.workspace))).all() == []
            with pytest.raises(DBAPIError, match="read-only transaction"):
                await connection.execute(tables.lease.delete())
        assert await slugs(ingest.database) == ["acme", "other"]


async def test_a_reach_is_a_value_whatever_it_holds(ingest) -> None:
    await add(ingest.database, "acme", "other")
    with reaching("' OR '*"), pytest.raises(DataError):  # no id of a workspace
        await slugs(ingest.database)
    assert await slugs(ingest.database) == ["acme", "other"]


async def test_nothing_is_written_for_another_workspace(ingest) -> None:
    await add(ingest.database, "acme", "other")
    with reaching(OURS):
        with pytest.raises(ProgrammingError, match="row-level security"):
            await add(ingest.database, "third")
        async with ingest.database.write() as session:
            connection = await session.connection()
            changed = await connection.execute(ingest.workspace.update().values(name="ours now"))
            gone = await connection.execute(ingest.workspace.delete().where(True))
        assert (changed.rowcount, gone.rowcount) == (1, 1)
    assert await slugs(ingest.database) == ["other"]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (n integer)",
        "DROP TABLE workspace",
        "ALTER TABLE workspace DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE workspace ADD COLUMN n integer",
        "DROP POLICY workspace ON workspace",
        "TRUNCATE workspace",
        "UPDATE alembic_version SET version_num = ''",
        "DROP SCHEMA delivery_log CASCADE",
        "SET ROLE owner",
        "CREATE ROLE another",
    ],
)
async def test_the_role_that_serves_changes_no_table(ingest, statement) -> None:
    connection = await asyncpg.connect(ingest.url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


careless = APIRouter(prefix="/fake/v1/careless")


@careless.post("/{title}")
async def add_note(title: str, caller: Annotated[Caller, allow("content:write")], tx: Tx) -> None:
    row = {"id": new_id(), "title": title, "text": "", "stars": 0, "version": 1}
    connection = await tx.connection()
    await connection.execute(NOTE.insert().values(**row, workspace_id=caller.workspace_id))


@careless.get("")
async def list_all(caller: Annotated[Caller, allow("content:read")], session: Reads) -> list[str]:
    found = await (await session.connection()).execute(select(NOTE.c.title))  # and no WHERE
    return sorted(found.scalars())


@careless.delete("")
async def drop_all(caller: Annotated[Caller, allow("content:write")], tx: Tx) -> int:
    return (await (await tx.connection()).execute(NOTE.delete())).rowcount


async def test_a_forgotten_condition_leaks_nothing(tmp_path, backend) -> None:
    url = await backend.blank(tmp_path, "fake")
    common = Settings(store=StoreSettings(data=tmp_path, database_url=url))
    forgetful = replace(FAKE, routers=[careless])
    async with running(tmp_path, forgetful, common) as fake:
        await fake.add_workspace("other")
        async with fake.runtime.database.writer.begin() as connection:
            await connection.run_sync(secure, METADATA)
        async with (
            fake.client(**fake.bearer()) as ours,
            fake.client(**fake.bearer("other")) as theirs,
        ):
            await ours.post("/fake/v1/careless/ours")
            await theirs.post("/fake/v1/careless/theirs")
            assert (await ours.get("/fake/v1/careless")).json() == ["ours"]
            assert (await theirs.get("/fake/v1/careless")).json() == ["theirs"]
            assert (await ours.delete("/fake/v1/careless")).json() == 1
            assert (await theirs.get("/fake/v1/careless")).json() == ["theirs"]


async def started(store: StoreSettings) -> None:
    """What a service does with its database before it starts."""
    content = service("content")
    database = open_database(store.url_of("content"), name="a", metadata=content.metadata)
    try:
        await prepare(content, store, database)
    finally:
        await database.close()


async def test_production_wants_another_owner_and_no_role_above_the_law(tmp_path, backend) -> None:
    name = (await backend.migrated(tmp_path, service("content"))).rpartition("/")[2]

    def store(role: str, **more: object) -> StoreSettings:
        return StoreSettings(data=tmp_path, database_url=shared_cluster().url(name, role), **more)

    await started(store(SERVING, production=True))
    await started(store(OWNER))
    with pytest.raises(SystemExit, match="owns its tables"):
        await started(store(OWNER, production=True))
    with pytest.raises(SystemExit, match="superuser"):
        await started(store(SUPERUSER))


async def test_only_the_owner_brings_tables_up_and_lends_them(tmp_path, backend) -> None:
    name = (await backend.blank(tmp_path, "content")).rpartition("/")[2]
    serving = StoreSettings(data=tmp_path, database_url=shared_cluster().url(name))
    with pytest.raises(SystemExit, match="mediaops migrate"):
        await started(serving)
    owning = shared_cluster().url(name, OWNER)
    both = serving.model_copy(update={"database_owner_url": owning})
    # What another's extension brings lies in the same schema, and is not the owner's to lend.
    await shared_cluster().execute("CREATE VIEW statistics AS SELECT 1", name)
    await shared_cluster().execute(
        "CREATE FUNCTION forget() RETURNS int LANGUAGE sql AS 'SELECT 1'", name
    )
    await shared_cluster().execute("REVOKE ALL ON FUNCTION forget FROM PUBLIC", name)
    await upgrade(service("content"), both)
    await started(serving)


def test_a_password_may_be_in_a_file_of_the_service(tmp_path) -> None:
    (tmp_path / "crm").write_text("p@ss/word\n")
    store = StoreSettings(
        database_url="postgresql://{service}@db/{service}",
        database_password_file=tmp_path / "{service}",
    )
    assert make_url(store.url_of("crm")).password == "p@ss/word"
    assert store.url_of("crm").endswith("@db/crm")
    assert store.owner_url_of("crm") is None
    with pytest.raises(SystemExit, match="password"):
        store.url_of("ingest")


async def test_the_script_makes_the_roles_that_a_service_needs(tmp_path, backend) -> None:
    psql = shutil.which("psql") or str(shared_cluster().binaries / "psql")
    if not Path(psql).exists():
        pytest.skip(
            "roles.sql was left out: install psql (Debian: apt-get install postgresql-client)"
        )
    script = ROOT / "deploy/postgresql/roles.sql"
    variables = ["service=content", "owner_password=one", "password=two"]
    options = [option for variable in variables for option in ("-v", variable)]
    address = shared_cluster().url("postgres", SUPERUSER)
    command = [psql, "-X", "-q", *options, "-f", script, address]
    await asyncio.to_thread(subprocess.run, command, check=True)
    try:
        store = StoreSettings(
            data=tmp_path,
            production=True,
            database_url=shared_cluster().url("{service}", "{service}"),
            database_owner_url=shared_cluster().url("{service}", "{service}_owner"),
        )
        await upgrade(service("content"), store)
        await started(store.model_copy(update={"database_owner_url": None}))
    finally:
        await shared_cluster().execute("DROP DATABASE content")
        for role in ("content", "content_owner"):
            await shared_cluster().execute(f"DROP ROLE {role}")
