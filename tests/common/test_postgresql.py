"""What is PostgreSQL's own: time-outs, a server that goes away, and the names of errors."""

import asyncio
import socket
from contextlib import suppress

import pytest
from mediaops_common.db import NAMING, insert_new, open_database
from mediaops_common.outages import tell_failure
from mediaops_common.postgresql import connect
from mediaops_common.schema import or_exit, refuse_company
from mediaops_common.service import Service
from mediaops_common.settings import StoreSettings
from mediaops_common.tables import spine_tables
from sqlalchemy import Column, Integer, MetaData, String, Table, select, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError

from tests.postgres import OWNER, Cluster

METADATA = MetaData(naming_convention=NAMING)
spine_tables(METADATA)
THING = Table(
    "thing",
    METADATA,
    Column("name", String(5), primary_key=True),
    Column("n", Integer, nullable=False),
)

pytestmark = pytest.mark.databases("postgresql")


async def opened(url):
    database = open_database(url, name="a", metadata=METADATA)
    async with database.writer.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    return database


@pytest.fixture
async def database(tmp_path, backend):
    database = await opened(await backend.blank(tmp_path, "a"))
    async with database.write() as session:
        await insert_new(session, THING, [{"name": "a", "n": 0}], key=["name"])
    yield database
    await database.close()


async def run(database, *statements: str) -> None:
    async with database.write() as session:
        connection = await session.connection()
        for statement in statements:
            await connection.exec_driver_sql(statement)


async def attempt(database, *statements: str) -> None:
    """As a loop does that goes on after an error."""
    try:
        await run(database, *statements)
    except DBAPIError:
        tell_failure("loop_failed", database, loop="a")
        raise


async def setting(database, name: str) -> str:
    async with database.read() as session:
        connection = await session.connection()
        return (await connection.exec_driver_sql(f"SHOW {name}")).scalar_one()


async def test_every_connection_hears_that_its_server_is_gone_without_a_word(database):
    """A host without power closes nothing: the system asks whether it is there."""
    alone = await connect(database.writer.url)
    async with database.writer.connect() as pooled:
        raw = await pooled.get_raw_connection()
        for connection in (raw.driver_connection, alone):
            sock = connection._transport.get_extra_info("socket")
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            asked = [
                sock.getsockopt(socket.IPPROTO_TCP, option)
                for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            ]
            assert asked[0] + asked[1] * asked[2] <= 30
            assert 0 < sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 30_000
    await alone.close()


async def test_every_connection_has_its_time_outs(database):
    assert await setting(database, "statement_timeout") == "30s"
    assert await setting(database, "lock_timeout") == "10s"
    assert await setting(database, "idle_in_transaction_session_timeout") == "1min"


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("INSERT INTO thing VALUES ('b', 99999999999)", DataError),
        ("INSERT INTO thing VALUES ('longer', 1)", DataError),
        ("SELECT 1 / 0", DataError),
        ("INSERT INTO thing VALUES ('a', 1)", IntegrityError),
        ("SET LOCAL statement_timeout = 20; SELECT pg_sleep(1)", OperationalError),
        ("SELECT pg_terminate_backend(pg_backend_pid())", OperationalError),
    ],
)
async def test_errors_say_whether_another_try_helps(database, statement, kind):
    with pytest.raises(kind):
        await run(database, *statement.split("; "))
    await run(database, "SELECT 1")


def lines(caplog):
    """What was logged, each line with its fields."""
    return [record.msg for record in caplog.records if isinstance(record.msg, dict)]


async def test_a_statement_that_fails_is_no_outage_and_keeps_its_traceback(database, caplog):
    for statement in ("SELECT 1 / 0", "SET LOCAL statement_timeout = 20; SELECT pg_sleep(1)"):
        with pytest.raises(DBAPIError):
            await attempt(database, *statement.split("; "))
    assert database.trouble is None
    told = [(line["event"], line["exc_info"], line["loop"]) for line in lines(caplog)]
    assert told == [("loop_failed", True, "a")] * 2


async def test_who_waits_for_a_lock_too_long_gives_up(database):
    async with database.write() as session:
        await (await session.connection()).execute(update(THING).values(n=1))
        with pytest.raises(OperationalError):
            await run(database, "SET LOCAL lock_timeout = 50", "UPDATE thing SET n = 2")


async def test_two_that_wait_for_each_other_do_not_wait_for_ever(database):
    async with database.write() as session:
        await insert_new(session, THING, [{"name": "b", "n": 0}], key=["name"])
    ready = asyncio.Barrier(2)

    async def change(*names: str) -> None:
        async with database.write() as session:
            connection = await session.connection()
            for name in names:
                await connection.execute(update(THING).where(THING.c.name == name).values(n=1))
                if name == names[0]:
                    await ready.wait()

    ended = await asyncio.gather(change("a", "b"), change("b", "a"), return_exceptions=True)
    assert sorted(type(one).__name__ for one in ended) == ["NoneType", "OperationalError"]


async def test_a_killed_server_is_told_of_once_and_found_again_without_a_restart_of_ours(
    backend, caplog
):
    cluster = Cluster()
    try:
        await cluster.create("a")
        database = await opened(cluster.url("a", OWNER))
        async with database.write() as session:
            await insert_new(session, THING, [{"name": "a", "n": 1}], key=["name"])
        await asyncio.to_thread(cluster.stop)
        for _ in range(3):
            with pytest.raises(OperationalError):
                await attempt(database, "SELECT 1")
        assert database.trouble is not None
        await asyncio.to_thread(cluster.start)
        async with database.read() as session:
            connection = await session.connection()
            assert (await connection.execute(select(THING.c.n))).scalars().all() == [1]
        await run(database, "UPDATE thing SET n = 2")
        assert database.trouble is None
        told = [line["event"] for line in lines(caplog)]
        assert told == ["database_not_seen", "database_seen_again"]
        with suppress(OperationalError):
            await database.close()
    finally:
        cluster.remove()


async def test_a_command_ends_with_a_sentence_where_a_table_is_held(database) -> None:
    async with database.write() as holder:
        await (await holder.connection()).execute(update(THING).values(n=1))
        with pytest.raises(SystemExit, match="somebody holds a table of a that"), or_exit("a"):
            await run(database, "SET LOCAL lock_timeout = '10ms'", "LOCK TABLE thing")


async def test_a_command_ends_with_a_sentence_where_a_database_is_not_there(database) -> None:
    elsewhere = database.writer.url.set(drivername="postgresql", database="nowhere")
    url = elsewhere.render_as_string(hide_password=False)
    other = open_database(url, name="a", metadata=METADATA)
    told = 'a cannot use its database: database "nowhere" does not exist'
    with pytest.raises(SystemExit, match=told), or_exit("a"):
        await run(other, "SELECT 1")
    await other.close()


async def test_who_wants_a_stopped_system_is_told_of_what_runs(database) -> None:
    url = database.writer.url.set(drivername="postgresql").render_as_string(hide_password=False)
    service, store = Service(name="a", metadata=METADATA), StoreSettings(database_url=url)
    await run(database, "SELECT 1")
    with pytest.raises(SystemExit, match="connections to the database of a: stop them first"):
        await refuse_company(service, store)
    await database.close()
    async with asyncio.timeout(60):
        while True:  # the server notices a moment later
            with suppress(SystemExit):
                await refuse_company(service, store)
                return
            await asyncio.sleep(0.05)
