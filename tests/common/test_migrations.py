"""The migrations of every service make exactly the tables that its models say."""

import asyncio
from importlib import import_module

import asyncpg
import pytest
from alembic import command
from mediaops_common.clock import FrozenClock
from mediaops_common.db import open_database
from mediaops_common.migrations import TAKE_TURNS, _config, drift, is_newer, is_newest, migrate
from mediaops_common.schema import or_exit, prepare, upgrade
from mediaops_common.settings import StoreSettings
from mediaops_crm.main import CRM
from mediaops_ingest.delivery_log.days import first_seq, utc_day
from mediaops_ingest.delivery_log.open import open_log
from mediaops_ingest.main import INGEST
from sqlalchemy.exc import OperationalError

from tests.ingest.delivery_log.builders import NOON, a_delivery
from tests.locks import waits
from tests.postgres import OWNER, SERVING

pytestmark = pytest.mark.databases("sqlite", "postgresql")

DAY_BEFORE = utc_day(NOON) - 1
TABLES_OF_THE_FIRST_RELEASE = (
    "CREATE SCHEMA delivery_log",
    "CREATE TABLE delivery_log.delivery (seq bigint PRIMARY KEY, id bytea NOT NULL,"
    " head bytea NOT NULL, body bytea NOT NULL) PARTITION BY RANGE (seq)",
    "CREATE INDEX ix_delivery_id ON delivery_log.delivery (id)",
    "CREATE TABLE delivery_log.reader (id integer PRIMARY KEY, through bigint NOT NULL)",
    "CREATE TABLE delivery_log.day_2026_11_21 PARTITION OF delivery_log.delivery"
    f" FOR VALUES FROM ({first_seq(DAY_BEFORE)}) TO ({first_seq(DAY_BEFORE + 1)})",
)


async def reach(database, revision: str) -> None:
    """The tables as a version of the past had them."""

    def up(connection) -> None:
        config = _config(INGEST.versions, connection, INGEST.metadata)
        command.upgrade(config, revision)

    async with database.writer.begin() as connection:
        await connection.run_sync(up)


async def migrate_further(database) -> None:
    """As the version after this one does, with what this one does not know of."""
    async with database.writer.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE of_tomorrow (id integer PRIMARY KEY)")
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '29991231'")


async def heads(database) -> list[str]:
    async with database.reader.connect() as connection:
        found = await connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        return list(found.scalars())


@pytest.mark.parametrize("role", [OWNER, SERVING])
async def test_what_a_newer_version_has_migrated_serves_this_one_as_it_is(
    tmp_path, backend, caplog, role
) -> None:
    url = (await backend.migrated(tmp_path, INGEST)).replace(f"//{SERVING}@", f"//{OWNER}@")
    store = StoreSettings(data=tmp_path, database_url=url.replace(f"//{OWNER}@", f"//{role}@"))
    owning = open_database(url, name="ingest", metadata=INGEST.metadata)
    serving = open_database(store.database_url, name="ingest", metadata=INGEST.metadata)
    try:
        await migrate_further(owning)
        await prepare(INGEST, store, serving)
        assert caplog.text.count("database_is_newer") == 1
        assert not await migrate(owning, INGEST.versions, INGEST.metadata)
        assert await is_newer(serving, INGEST.versions, INGEST.metadata)
        assert not await is_newest(serving, INGEST.versions)
        assert await heads(serving) == ["29991231"]
    finally:
        await owning.close()
        await serving.close()


@pytest.mark.databases("postgresql")
async def test_who_waits_for_its_turn_sees_what_a_newer_version_did_meanwhile(
    tmp_path, backend
) -> None:
    url = (await backend.migrated(tmp_path, INGEST)).replace(f"//{SERVING}@", f"//{OWNER}@")
    newer = open_database(url, name="ingest", metadata=INGEST.metadata)
    older = open_database(url, name="ingest", metadata=INGEST.metadata)
    try:
        async with newer.writer.begin() as connection:
            for statement in TAKE_TURNS:
                await connection.exec_driver_sql(statement)
            waiting = asyncio.create_task(migrate(older, INGEST.versions, INGEST.metadata))
            assert await waits(newer, waiting)
            await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '29991231'")
        assert await waiting is False
    finally:
        await newer.close()
        await older.close()


@pytest.mark.parametrize("role", [OWNER, SERVING])
async def test_the_database_of_another_service_is_refused_as_it_is(tmp_path, backend, role) -> None:
    url = (await backend.migrated(tmp_path, INGEST)).replace(f"//{SERVING}@", f"//{OWNER}@")
    store = StoreSettings(data=tmp_path, database_url=url.replace(f"//{OWNER}@", f"//{role}@"))
    database = open_database(store.database_url, name="crm", metadata=CRM.metadata)
    try:
        before = await heads(database)
        with pytest.raises(SystemExit, match=r"another service\..*{service}"), or_exit("crm"):
            await prepare(CRM, store, database)
        assert await heads(database) == before
    finally:
        await database.close()


@pytest.mark.parametrize("name", ["ingest", "content", "crm", "insights"])
async def test_models_and_migrations_agree(tmp_path, backend, name) -> None:
    module = import_module(f"mediaops_{name}.main")
    service = getattr(module, name.upper())
    url = await backend.blank(tmp_path, name)
    database = open_database(url, name=name, metadata=service.metadata)
    try:
        assert await drift(database, service.versions, service.metadata) == []
        await migrate(database, service.versions, service.metadata)  # again changes nothing
    finally:
        await database.close()
    assert len(list(service.versions.glob("*.py"))) >= 1


@pytest.mark.databases("postgresql")
async def test_a_database_whose_role_owned_all_gets_a_second_role(tmp_path, backend) -> None:
    """As of the first release: the log's tables were made by who served, and nothing was lent."""
    owning = await backend.blank(tmp_path, "ingest")
    database = open_database(owning, name="ingest", metadata=INGEST.metadata)
    try:
        await reach(database, "20261126140500")
        async with database.writer.begin() as connection:
            for statement in TABLES_OF_THE_FIRST_RELEASE:
                await connection.exec_driver_sql(statement)
    finally:
        await database.close()
    serving = owning.replace(f"//{OWNER}@", f"//{SERVING}@")
    store = StoreSettings(data=tmp_path, database_url=serving, database_owner_url=owning)
    await upgrade(INGEST, store)
    log = await open_log(serving, FrozenClock(NOON))
    try:
        [seq] = await log.append([a_delivery()])
        assert [one.seq for one in await log.read(0, 10)] == [seq]
        log.note_read(seq)
        assert await log.drop_before(NOON) == 1, "the day that another had made"
    finally:
        await log.close()


@pytest.mark.databases("postgresql")
async def test_a_migration_that_does_not_get_its_lock_gives_up_whole(tmp_path, backend) -> None:
    url = await backend.blank(tmp_path, "ingest")
    database = open_database(url, name="ingest", metadata=INGEST.metadata)
    try:
        await reach(database, "20261126140500")
        reader = await asyncpg.connect(url)
        async with reader.transaction():
            await reader.execute("LOCK TABLE workspace IN ACCESS SHARE MODE")
            with pytest.raises(OperationalError, match="lock timeout"):
                await migrate(database, INGEST.versions, INGEST.metadata)
        await reader.close()
        assert not await is_newest(database, INGEST.versions)
        await migrate(database, INGEST.versions, INGEST.metadata)
        assert await is_newest(database, INGEST.versions)
    finally:
        await database.close()


@pytest.mark.databases("postgresql")
async def test_tables_of_an_older_version_get_the_room_that_they_declare(tmp_path, backend) -> None:
    url = await backend.blank(tmp_path, "ingest")
    database = open_database(url, name="ingest", metadata=INGEST.metadata)
    asked = "SELECT reloptions FROM pg_class WHERE relname = 'archive_lane'"
    try:
        await reach(database, "20261126140500")
        async with database.writer.connect() as connection:
            assert (await connection.exec_driver_sql(asked)).scalar_one() is None
        for _ in range(2):
            await migrate(database, INGEST.versions, INGEST.metadata)
        async with database.writer.connect() as connection:
            assert (await connection.exec_driver_sql(asked)).scalar_one() == ["fillfactor=50"]
    finally:
        await database.close()
