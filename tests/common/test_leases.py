"""Leases: one holder, whatever happens to the transactions in which they are taken."""

import pytest
from mediaops_common.db import NAMING, Database, open_database
from mediaops_common.lease import Tenure, acquire_all, check
from mediaops_common.tables import spine_tables
from sqlalchemy import Connection, MetaData, event
from sqlalchemy.exc import OperationalError

METADATA = MetaData(naming_convention=NAMING)
spine_tables(METADATA)
pytestmark = pytest.mark.databases("postgresql")


@pytest.fixture
async def replicas(tmp_path, backend):
    """Two processes' views of one database."""
    url = await backend.blank(tmp_path, "a")
    made = [open_database(url, name="a", metadata=METADATA) for _ in range(2)]
    async with made[0].writer.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    yield made
    for database in made:
        await database.close()


def commit_fails(database: Database) -> None:
    """The next one: the server ends the connection before it is told to commit."""

    @event.listens_for(database.writer.sync_engine, "commit", once=True)
    def end(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")


async def test_a_lease_whose_commit_failed_is_not_held(replicas) -> None:
    first, second = (
        Tenure(database, "job", f"replica-{n}", seconds=30) for n, database in enumerate(replicas)
    )
    commit_fails(replicas[0])
    with pytest.raises(OperationalError):
        await first.hold()
    theirs = await second.hold()
    assert theirs is not None
    assert await first.hold() is None
    async with replicas[1].write() as session:
        await check(session, theirs)


async def test_who_could_not_renew_takes_it_again(replicas) -> None:
    """With a higher fence: whoever took it in between would be seen."""
    tenure = Tenure(replicas[0], "job", "replica-0", seconds=0)
    before = await tenure.hold()
    assert before is not None
    commit_fails(replicas[0])
    with pytest.raises(OperationalError):
        await tenure.hold()
    after = await tenure.hold()
    assert after is not None
    assert after.fence > before.fence


async def test_who_looks_for_free_ones_locks_none_that_another_holds(replicas) -> None:
    """Else its holder, who takes its own again just then, would find them locked and go without."""
    names = ["a", "b", "c"]
    async with replicas[0].write() as session:
        held = await acquire_all(session, names, "replica-0", most=2)
    async with replicas[1].write() as looking:
        found = await acquire_all(looking, names, "replica-1")
        async with replicas[0].write() as session:
            again = await acquire_all(session, names, "replica-0", most=2)
    assert [lease.name for lease in found] == ["c"]
    assert [lease.name for lease in again] == [lease.name for lease in held] == ["a", "b"]
