"""Sessions and bulk statements of the database layer."""

import asyncio
import json
import random
from datetime import UTC, datetime

import pytest
from mediaops_common.bulk import insert_rows, insert_stored, update_rows
from mediaops_common.columns import Bytes, Guid, Json, UtcDateTime
from mediaops_common.db import NAMING, insert_new, open_database, rows_by_key, upsert
from mediaops_common.ids import new_id
from mediaops_common.tables import spine_tables
from sqlalchemy import Column, Integer, MetaData, String, Table, select, update
from sqlalchemy.exc import DataError, OperationalError, StatementError

METADATA = MetaData(naming_convention=NAMING)
spine_tables(METADATA)
COUNT = Table(
    "count",
    METADATA,
    Column("name", String(20), primary_key=True),
    Column("n", Integer, nullable=False),
    Column("low", Integer, nullable=False),
    Column("high", Integer, nullable=False),
    Column("label", String(20), nullable=False),
)
MOMENT = Table(
    "moment",
    METADATA,
    Column("id", Guid, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("raw", Bytes, nullable=False),
    Column("document", Json, nullable=False),
)
ODD = Table(
    "odd",
    METADATA,
    Column("order", Integer, primary_key=True, autoincrement=False),
    Column("group", String(20), nullable=False),
    Column("number", Integer, nullable=True, default=5),
)

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
async def database(tmp_path, backend):
    url = await backend.blank(tmp_path, "a")
    database = open_database(url, name="a", metadata=METADATA)
    async with database.writer.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    yield database
    await database.close()


def row(name: str, n: int, label: str = "x") -> dict:
    return {"name": name, "n": n, "low": n, "high": n, "label": label}


async def rows(database, table: Table = COUNT) -> list:
    async with database.read() as session:
        connection = await session.connection()
        return list((await connection.execute(select(table))).all())


async def test_an_upsert_adds_replaces_and_keeps_extremes(database) -> None:
    for n, label in ((5, "a"), (3, "b"), (9, "c")):
        async with database.write() as session:
            await upsert(
                session,
                COUNT,
                [row("k", n, label)],
                key=["name"],
                add=["n"],
                least=["low"],
                greatest=["high"],
                replace=["label"],
            )
    assert await rows(database) == [("k", 17, 3, 9, "c")]


async def test_an_upsert_keeps_what_is_newer(database) -> None:
    for n, label in ((2, "a"), (1, "older"), (2, "as old"), (3, "newer")):
        async with database.write() as session:
            rows_given = [row("k", n, label), row(label, n)]
            await upsert(
                session, COUNT, rows_given, key=["name"], replace=["n", "label"], newer="n"
            )
        (kept,) = [one for one in await rows(database) if one.name == "k"]
        assert (kept.n, kept.label) == ((2, "a") if n < 3 else (3, "newer"))


async def test_what_is_there_already_is_left_as_it_is(database) -> None:
    for n in (1, 2):
        async with database.write() as session:
            await insert_new(session, COUNT, [row("k", n)], key=["name"])
    assert (await rows(database))[0].n == 1


async def test_a_block_that_raises_leaves_nothing_savepoints_included(database) -> None:
    with pytest.raises(RuntimeError):  # noqa: PT012 - the block itself is what is tested
        async with database.write() as session:
            async with session.begin_nested():
                await insert_new(session, COUNT, [row("inner", 1)], key=["name"])
            raise RuntimeError
    assert await rows(database) == []


async def test_forty_increments_at_once_all_count(database) -> None:
    async with database.write() as session:
        await insert_new(session, COUNT, [row("k", 0)], key=["name"])

    async def increment() -> None:
        async with database.write() as session:
            connection = await session.connection()
            n = (await connection.execute(select(COUNT.c.n).with_for_update())).scalar_one()
            await asyncio.sleep(0)
            await connection.execute(update(COUNT).values(n=n + 1))

    await asyncio.gather(*[increment() for _ in range(40)])
    assert (await rows(database))[0].n == 40


async def test_a_read_session_cannot_write_and_sees_one_state(database) -> None:
    async with database.read() as session:
        connection = await session.connection()
        assert (await connection.execute(select(COUNT))).all() == []
        async with database.write() as writer:
            await insert_new(writer, COUNT, [row("k", 1)], key=["name"])
        assert (await connection.execute(select(COUNT))).all() == []
        with pytest.raises(OperationalError):
            await connection.execute(update(COUNT).values(n=2))


DOCUMENT = {"z": 1, "a": [1e5, 1.0, -0.0, 2**63], "字": "\u0000", "none": None}


async def test_values_come_back_as_they_were(database) -> None:
    moment, one = datetime(2026, 11, 22, 8, 0, 0, 123456, tzinfo=UTC), new_id()
    async with database.write() as session:
        fact = {"id": one, "at": moment, "raw": b"\x00\xff", "document": DOCUMENT}
        await insert_new(session, MOMENT, [fact], key=["id"])
    [(an_id, at, raw, document)] = await rows(database, MOMENT)
    assert (an_id, at, raw) == (one, moment, b"\x00\xff")
    # As text: the order of keys and the kind of each number stay too.
    assert json.dumps(document) == json.dumps(DOCUMENT)


async def test_a_moment_without_a_zone_is_refused(database) -> None:
    naive = datetime(2026, 11, 22)  # noqa: DTZ001
    fact = {"id": new_id(), "at": naive, "raw": b"", "document": {}}
    with pytest.raises(StatementError):
        async with database.write() as session:
            await insert_new(session, MOMENT, [fact], key=["id"])


TEXTS = ["", "None", "null", "a,b", '"', "{}", "\\\\", "'", "字", "😀", "\n\t\x1f", "\\u0000"]


async def test_texts_and_missing_numbers_come_back_as_they_were(database) -> None:
    given = [{"order": n, "group": text, "number": None} for n, text in enumerate(TEXTS)]
    async with database.write() as session:
        await insert_rows(session, ODD, given)
    assert await rows(database, ODD) == [(n, text, None) for n, text in enumerate(TEXTS)]


async def test_an_empty_text_alone_is_a_row_too(database) -> None:
    async with database.write() as session:
        await insert_rows(session, ODD, [{"order": 1, "group": "", "number": None}])
    assert await rows(database, ODD) == [(1, "", None)]


async def test_rows_are_updated_by_their_key(database) -> None:
    given = [{"order": n, "group": "g", "number": n} for n in range(4)]
    changed = [{"group": f"g{n}", "number": value, "order": n} for n, value in ((3, None), (1, 7))]
    async with database.write() as session:
        await insert_rows(session, ODD, given)
        await update_rows(session, ODD, [*changed, {**changed[0], "order": 9}], key=["order"])
        await update_rows(session, ODD, [], key=["order"])
    expected = [(0, "g", 0), (1, "g1", 7), (2, "g", 2), (3, "g3", None)]
    assert sorted(await rows(database, ODD)) == expected


async def test_stored_rows_are_inserted_with_the_defaults_of_columns_not_given(database) -> None:
    async with database.write() as session:
        await insert_stored(session, ODD, ("group", "order"), [("a", 1), ("b", 2)])
    assert sorted(await rows(database, ODD)) == [(1, "a", 5), (2, "b", 5)]


@pytest.mark.databases("postgresql")
async def test_a_text_that_is_too_long_is_refused_and_never_cut(database) -> None:
    long = "x" * 21
    async with database.write() as session:
        await insert_new(session, COUNT, [row("x" * 20, 1)], key=["name"])
    with pytest.raises(DataError):
        async with database.write() as session:
            await insert_new(session, COUNT, [row(long, 1)], key=["name"])
    async with database.read() as session:
        assert await rows_by_key(session, select(COUNT.c.name), COUNT.c.name, [long]) == []


async def test_many_keys_are_found_in_chunks(database) -> None:
    async with database.write() as session:
        await insert_new(session, COUNT, [row(f"k{n}", n) for n in range(1_200)], key=["name"])
    async with database.read() as session:
        wanted = [f"k{n}" for n in range(0, 1_200, 2)]
        found = await rows_by_key(session, select(COUNT.c.name), COUNT.c.name, wanted)
    assert sorted(name for (name,) in found) == sorted(wanted)


async def test_listeners_hear_of_each_commit(database) -> None:
    heard = database.committed()
    async with database.write() as session:
        await insert_new(session, COUNT, [row("k", 1)], key=["name"])
    assert heard.is_set()


async def test_a_value_that_its_column_cannot_hold_is_an_error_of_data(database) -> None:
    for wrong in ({"n": 2**80}, {"label": "\ud800"}):
        with pytest.raises((StatementError, OverflowError, UnicodeEncodeError)):
            async with database.write() as session:
                await insert_new(session, COUNT, [row("k", 1) | wrong], key=["name"])
    assert await rows(database) == []


async def test_a_request_that_is_cancelled_leaves_no_transaction_open(database) -> None:
    async def write() -> None:
        async with database.write() as session:
            await insert_new(session, COUNT, [row("k", 1)], key=["name"])
            await asyncio.sleep(0.02)

    for step in range(12):
        task = asyncio.create_task(write())
        await asyncio.sleep(step / 400)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    # What was committed whole before its cancellation may be there; nothing may still be locked.
    async with asyncio.timeout(5), database.write() as session:
        await upsert(session, COUNT, [row("k", 7)], key=["name"], replace=["n"])
    assert [row.n for row in await rows(database)] == [7]


@pytest.mark.databases("sqlite")
async def test_a_file_is_durable_and_written_by_one_connection(database) -> None:
    async with database.write() as session:
        connection = await session.connection()
        mode = (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one()
        full = (await connection.exec_driver_sql("PRAGMA synchronous")).scalar_one()
    assert (mode, full) == ("wal", 2)
    assert database.writer.pool.status()  # a static pool: one connection


@pytest.mark.databases
@pytest.mark.parametrize("seed", range(6))
async def test_a_writer_that_is_cancelled_anywhere_harms_nobody(database, seed) -> None:
    """Its change is whole or not there, and the next writer neither waits nor loses its own."""
    chance = random.Random(seed)
    async with database.write() as session:
        await insert_new(session, COUNT, [row("k", 0), row("other", 0)], key=["name"])

    async def both() -> None:
        async with database.write() as session:
            connection = await session.connection()
            for name in ("k", "other"):
                where = update(COUNT).where(COUNT.c.name == name)
                await connection.execute(where.values(n=COUNT.c.n + 1))

    done = 0
    for _ in range(60):
        task = asyncio.create_task(both())
        await asyncio.sleep(chance.random() * 0.004)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        done += not task.cancelled()
        async with asyncio.timeout(30):  # for ever, were it stuck
            await both()
        first, second = await rows(database)
        assert first.n == second.n
    assert 60 + done <= first.n <= 120
