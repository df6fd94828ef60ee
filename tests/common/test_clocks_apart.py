"""Replicas agree about leases, shares and quiet, however far apart their machines' clocks are."""

import asyncio
from uuid import UUID

import pytest
from mediaops_common.attendance import attend, attending
from mediaops_common.db import NAMING, Database, open_database
from mediaops_common.ids import new_id
from mediaops_common.lease import Lease, Tenure, acquire, acquire_all, free, release, renew
from mediaops_common.projections import live_and_quiet
from mediaops_common.swap import ask_for_quiet
from mediaops_common.tables import spine_tables
from sqlalchemy import MetaData, insert, update

from tests.common.spine import NOW
from tests.machines import on_machine

METADATA = MetaData(naming_convention=NAMING)
spine_tables(METADATA)
# A file has one machine.
pytestmark = [
    pytest.mark.databases("postgresql"),
    pytest.mark.parametrize("apart", [10.0, 3_600.0, -10.0, -3_600.0]),
]


@pytest.fixture
async def database(tmp_path, backend):
    opened = open_database(await backend.blank(tmp_path, "a"), name="a", metadata=METADATA)
    async with opened.writer.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    yield opened
    await opened.close()


async def take(database: Database, owner: str, seconds: float) -> Lease | None:
    async with database.write() as session:
        return await acquire(session, "job", owner, seconds=seconds)


async def test_a_lease_lasts_as_long_as_its_holder_wants(database, apart) -> None:
    with on_machine(ahead=apart):
        held = await take(database, "first", 8.0)
    assert held is not None
    assert await take(database, "second", 8.0) is None
    with on_machine(ahead=apart):
        async with database.write() as session:
            await renew(session, held, seconds=0.3)
    assert await take(database, "second", 8.0) is None
    await asyncio.sleep(0.4)
    async with database.write() as session:
        assert await free(session, ["job"])
    assert await take(database, "second", 8.0) is not None
    with on_machine(ahead=apart):
        assert await take(database, "first", 8.0) is None


async def test_what_was_let_go_of_is_free_at_once(database, apart) -> None:
    tenure = Tenure(database, "job", "first")
    with on_machine(ahead=apart):
        await tenure.hold()
        await tenure.release()
    async with database.write() as session:
        assert await free(session, ["job"])
    held = await take(database, "second", 8.0)
    assert held is not None
    async with database.write() as session:
        await release(session, held)
        # As a replica of an older version leaves it, which took the time from its machine.
        lease = database.tables.lease
        until = NOW.replace(year=2100)
        await (await session.connection()).execute(update(lease).values(expires_at=until))
    async with database.write() as session:
        assert await free(session, ["job"])
    async with database.write() as session:
        assert len(await acquire_all(session, ["job"], "third")) == 1


async def test_who_attends_is_counted_until_its_time_is_over(database, apart) -> None:
    with on_machine(ahead=apart):
        async with database.write() as session:
            assert await attend(session, "shards", "first", seconds=0.5) == 1
    async with database.write() as session:
        assert await attend(session, "shards", "second", seconds=8.0) == 2
    await asyncio.sleep(0.6)
    async with database.read() as session:
        assert await attending(session, "shards") == 1


async def a_rebuild(database: Database) -> UUID:
    """One that follows the live topics."""
    row = {"id": new_id(), "generation": 2, "state": "following", "topic": "t", "created_at": NOW}
    async with database.write() as session:
        connection = await session.connection()
        rebuild = insert(database.tables.rebuild)
        await connection.execute(rebuild.values(**row, positions=[], progress={}))
    return row["id"]


async def test_quiet_lasts_as_long_as_the_rebuild_wants(database, apart) -> None:
    rebuild = await a_rebuild(database)
    with on_machine(ahead=apart):
        await ask_for_quiet(database, rebuild, 3.0)
    async with database.read() as session:
        _, quiet = await live_and_quiet(session)
    assert 1.0 < quiet <= 3.0
