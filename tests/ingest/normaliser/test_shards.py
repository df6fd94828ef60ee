"""Workers hold equal shares of the shards, whoever comes and goes."""

import pytest
from mediaops_common.lease import LeaseLost
from mediaops_ingest.normaliser import shards
from mediaops_ingest.normaliser.shards import HeldShards

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


async def test_a_holder_that_comes_back_has_its_shards_under_new_fences(ingest) -> None:
    before, after = (HeldShards(ingest.runtime.database, "same") for _ in range(2))
    await before.acquire()
    await after.acquire()
    assert len(after.states) == 64
    assert after.fence(7) > before.fence(7)


async def test_read_is_what_every_worker_has_read(ingest) -> None:
    one, two = (HeldShards(ingest.runtime.database, name) for name in ("1", "2"))
    await settle(one, two)
    for state in one.states.values():
        state.cursor = 500
    assert one.cursor == 500
    assert one.read_through == 0, "the other has read nothing yet"
