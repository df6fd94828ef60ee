"""Workers hold equal shares of the shards, whoever comes and goes."""

import asyncio

import pytest
from mediaops_common.database_clock import LONG_AGO
from mediaops_common.lease import LeaseLost
from mediaops_common.metrics import REGISTRY
from mediaops_ingest.archive.repository import move_published
from mediaops_ingest.normaliser import repository, shards
from mediaops_ingest.normaliser.shards import HeldShards
from sqlalchemy import update

from tests.machines import on_machine

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture(autouse=True)
def look_at_once(monkeypatch):
    monkeypatch.setattr(shards, "LOOK_SECONDS", -1.0)


async def settle(*workers: HeldShards) -> list[int]:
    """Each looks as its loop does, until none has anything to change; how many each holds."""
    for _ in range(4):
        for worker in workers:
            try:
                if worker.states:
                    await worker.keep()
                else:
                    await worker.acquire()
            except LeaseLost:
                await worker.acquire()
    return [len(worker.states) for worker in workers]


async def test_shares_are_equal_and_every_shard_has_one_holder(ingest) -> None:
    one, two, three = (HeldShards(ingest.runtime.database, name) for name in ("1", "2", "3"))
    assert await settle(one) == [64]
    assert await settle(one, two) == [32, 32]
    assert await settle(one, two, three) == [22, 22, 20]
    held = [shard for worker in (one, two, three) for shard in worker.states]
    assert sorted(held) == list(range(64))


async def test_what_one_gives_back_the_others_take(ingest) -> None:
    one, two = (HeldShards(ingest.runtime.database, name) for name in ("1", "2"))
    assert await settle(one, two) == [32, 32]
    await one.release()
    assert await settle(two) == [64]
    with pytest.raises(LeaseLost):
        async with ingest.runtime.database.write() as session:
            await one.check_fences(session)


@pytest.mark.databases("postgresql")  # a file has one machine
@pytest.mark.parametrize("apart", [10.0, 3_600.0])
async def test_shares_stay_as_they_are_however_far_apart_the_clocks(
    ingest, monkeypatch, apart
) -> None:
    monkeypatch.setattr(shards, "LEASE_SECONDS", 8.0)
    one, two = (HeldShards(ingest.runtime.database, name) for name in ("1", "2"))
    for _ in range(3):
        await settle(one)
        with on_machine(ahead=apart):
            await settle(two)
    before = [worker.fence(shard) for worker in (one, two) for shard in worker.states]
    assert len(before) == 64
    await one.keep()
    with on_machine(ahead=apart):
        await two.keep()
    await one.keep()
    assert [worker.fence(shard) for worker in (one, two) for shard in worker.states] == before


async def test_a_holder_that_comes_back_has_its_shards_under_new_fences(ingest) -> None:
    before, after = (HeldShards(ingest.runtime.database, "same") for _ in range(2))
    await before.acquire()
    await after.acquire()
    assert len(after.states) == 64
    assert after.fence(7) > before.fence(7)


async def test_what_waits_for_the_bus_is_told_by_those_who_hold_it(ingest) -> None:
    def told() -> float | None:
        return REGISTRY.get_sample_value("mediaops_unpublished_chunks")

    one = HeldShards(ingest.runtime.database, "1")
    await one.acquire()
    async with ingest.runtime.database.write() as session:
        one.states[3].next_chunk, one.states[7].next_chunk = 6, 2
        await repository.save_shards(session, one.states)
        await move_published(session, {3: 2})
    await one.keep()
    assert told() == 3 + 1
    await one.release()
    assert told() == 0


async def test_read_is_what_every_worker_has_read(ingest) -> None:
    one, two = (HeldShards(ingest.runtime.database, name) for name in ("1", "2"))
    await settle(one, two)
    for state in one.states.values():
        state.cursor = 500
    assert one.cursor == 500
    assert one.read_through == 0, "the other has read nothing yet"


@pytest.mark.databases("postgresql")
async def test_who_stands_still_in_a_transaction_holds_up_nobody(ingest) -> None:
    """Its leases run out while it has them locked: the others go on with what they have, and take
    these when its transaction has ended."""
    one, two = (HeldShards(ingest.runtime.database, name) for name in ("1", "2"))
    await settle(one, two)
    async with ingest.runtime.database.write() as session:
        lease = session.info["tables"].lease
        over = update(lease).where(lease.c.owner == "1").values(expires_at=LONG_AGO)
        await (await session.connection()).execute(over)
    async with ingest.runtime.database.write() as session:
        await one.check_fences(session)
        async with asyncio.timeout(5):
            assert await settle(two) == [32]
            await two.acquire()
        assert len(two.states) == 32
    assert await settle(two) == [64]
