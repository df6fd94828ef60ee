"""The log in a partitioned table: several replicas write and read it, and the server may go."""

import asyncio
from datetime import timedelta

import pytest
from mediaops_common.postgresql import connect
from mediaops_ingest.delivery_log.days import first_seq, utc_day
from mediaops_ingest.delivery_log.partitions import LOCK
from mediaops_ingest.delivery_log.port import LogUnavailable
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from tests.ingest.delivery_log.builders import a_delivery

pytestmark = pytest.mark.databases("postgresql")


@pytest.fixture
async def connection(opens):
    connected = await connect(make_url(opens.url))
    yield connected
    await connected.close()


async def partitions(connection) -> list[str]:
    rows = await connection.fetch(
        "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
        " WHERE inhparent = 'delivery_log.delivery'::regclass ORDER BY relname"
    )
    return [row["relname"] for row in rows]


async def test_replicas_give_seqs_without_holes_and_readers_leave_nothing_behind(opens):
    replicas = [await opens() for _ in range(3)]
    reader = await opens()
    read: list[int] = []

    async def send(log) -> list[int]:
        given = []
        for _ in range(40):
            given += await log.append([a_delivery(), a_delivery()])
        return given

    async def follow() -> None:
        while len(read) < 3 * 2 * 2 * 40:
            after = read[-1] if read else 0
            read.extend([d.seq for d in await reader.read(after, 50)])

    senders = [send(log) for log in replicas for _ in range(2)]
    *given, _ = await asyncio.wait_for(asyncio.gather(*senders, follow()), 60)
    assert read == sorted(seq for seqs in given for seq in seqs)
    assert read == list(range(read[0], read[0] + len(read)))


async def test_a_replica_of_the_version_before_appends_beside_this_one(opens, connection, clock):
    """It sends arrays."""
    log = await opens()
    [before] = await log.append([a_delivery(b"ours")])
    id_, head, _ = await connection.fetchrow(
        "SELECT id, head, body FROM delivery_log.delivery WHERE seq = $1", before
    )
    theirs = await connection.fetchval(
        f"SELECT delivery_log.append({LOCK}, $1, $2, $3, $4)",
        first_seq(utc_day(clock.now())),
        *([id_, id_], [head, head], [b"one", b"two"]),
    )
    [after] = await log.append([a_delivery(b"ours again")])
    assert (theirs, after) == (before + 1, before + 3)
    bodies = [one.body for one in await log.read(0, 10)]
    assert bodies == [b"ours", b"one", b"two", b"ours again"]


async def test_days_are_not_vacuumed_for_what_was_inserted(opens, connection, clock):
    log = await opens()
    await log.append([a_delivery()])
    clock.moment += timedelta(days=1)
    await log.append([a_delivery()])
    options = await connection.fetch(
        "SELECT reloptions FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
        " WHERE inhparent = 'delivery_log.delivery'::regclass"
    )
    left_alone = ["autovacuum_vacuum_insert_threshold=-1"]
    assert [row["reloptions"] for row in options] == [left_alone, left_alone]


async def test_what_one_replica_commits_wakes_a_reader_on_another(opens):
    writing, reading = await opens(), await opens()
    waiting = asyncio.create_task(reading.wait_newer(0, 5))
    await asyncio.sleep(0.05)
    [seq] = await writing.append([a_delivery()])
    assert await asyncio.wait_for(waiting, 20)
    assert reading.newest_seq == seq


async def test_a_door_knows_the_backlog_that_a_worker_elsewhere_leaves(opens, clock):
    door, worker = await opens(), await opens()
    first, *_ = await door.append([a_delivery()] * 4)
    assert door.backlog == 0
    worker.note_read(first)
    await asyncio.wait_for(_until(lambda: door.backlog == 3), 5)
    await worker.append([a_delivery()] * 2)
    await asyncio.wait_for(_until(lambda: door.backlog == 5), 5)


async def _until(holds) -> None:
    while not holds():  # noqa: ASYNC110 - what another replica told has no event here
        await asyncio.sleep(0.05)


async def test_each_day_is_a_partition_and_goes_as_one(opens, clock, connection):
    log = await opens()
    await log.append([a_delivery()])
    clock.moment += timedelta(days=40)
    [newest] = await log.append([a_delivery()])
    assert await partitions(connection) == ["day_2026_11_22", "day_2027_01_01"]
    log.note_read(newest)
    assert await log.drop_before(clock.moment) == 1
    assert await partitions(connection) == ["day_2027_01_01"]


async def test_a_day_that_somebody_reads_stays_and_senders_do_not_wait_for_it(
    opens, clock, connection
):
    """A dump reads for minutes, and who asks for a lock behind one that waits for it waits too."""
    log = await opens(patience_seconds=1.5)
    await log.append([a_delivery()])
    clock.moment += timedelta(days=1)
    [newest] = await log.append([a_delivery()])
    log.note_read(newest)
    async with connection.transaction():
        await connection.fetch("SELECT count(*) FROM delivery_log.delivery")
        dropping = asyncio.create_task(log.drop_before(clock.moment))
        while not dropping.done():
            await log.append([a_delivery()])
        with pytest.raises(OperationalError):
            dropping.result()
    assert await log.drop_before(clock.moment) == 1


async def test_while_the_table_is_locked_nothing_is_acknowledged_and_then_it_goes_on(
    opens, connection
):
    log = await opens(patience_seconds=2)  # its first connection may take a while
    [before] = await log.append([a_delivery()])
    async with connection.transaction():
        await connection.execute("LOCK TABLE delivery_log.delivery IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(LogUnavailable, match="in time"):
            await log.append([a_delivery()])
    await asyncio.sleep(0.3)
    kept = await log.append([a_delivery()])
    assert kept[0] > before


async def test_a_connection_that_dies_is_replaced(opens, connection):
    log = await opens()
    [before] = await log.append([a_delivery()])
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    # Whether the first request after it meets the dead connection is a matter of timing; what it
    # does not store it does not acknowledge.
    async with asyncio.timeout(30):
        while True:
            try:
                kept = await log.append([a_delivery()])
                break
            except LogUnavailable:
                await asyncio.sleep(0.1)
    assert kept == [before + 1]
    await asyncio.wait_for(_until(lambda: log.trouble is None), 30)
    assert len(await log.read(0, 10)) == 2


async def test_the_newest_day_of_another_replica_is_gone_on_with(opens, clock):
    ahead, behind = await opens(), await opens()
    clock.moment += timedelta(days=1)
    [newest] = await ahead.append([a_delivery()])
    clock.moment -= timedelta(days=1)
    assert await behind.append([a_delivery()]) == [newest + 1]
