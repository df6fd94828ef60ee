"""A stall belongs to who holds its lane's partition: nobody else waits for it or ends it."""

import asyncio
from itertools import count

import pytest
from mediaops_common.bus import Record
from mediaops_common.lanes import LaneNumbers

from tests.common.spine import TOPIC, Spine, a_spine
from tests.locks import waits

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
async def spine(tmp_path, backend):
    async with a_spine(tmp_path, backend=backend, partitions=2) as spine:
        yield spine


async def stalled(spine: Spine) -> list[Record]:
    """By partition, what was lost of one lane; the group has asked for both."""
    lost: dict[int, Record] = {}
    for number in count():
        kept = spine.producer.recorded(f"u{number}", "kept")
        await spine.producer.publish(kept)
        if kept.slot % 2 not in lost:
            lost[kept.slot % 2] = spine.producer.recorded(f"u{number}", "lost")
            if len(lost) == 2:
                break
    await spine.producer.heads()
    await spine.drain()
    assert await slots(spine) == {record.slot for record in lost.values()}
    return [lost[0], lost[1]]


async def slots(spine: Spine) -> set[int]:
    return {row.slot for row in await spine.rows(spine.database.tables.stall)}


async def test_heads_end_the_stalls_of_their_own_partition(spine) -> None:
    ours, theirs = await stalled(spine)
    await spine.producer.publish(ours, theirs)
    await spine.producer.heads(0)
    await spine.drain()
    assert await slots(spine) == {theirs.slot}
    await spine.producer.heads(1)
    await spine.drain()
    assert await slots(spine) == set()


@pytest.mark.databases("postgresql")
async def test_nobody_waits_for_the_lanes_of_another_member(spine) -> None:
    ours, theirs = await stalled(spine)
    await spine.producer.publish(ours)
    await spine.producer.heads(0)
    async with spine.database.write() as session:
        numbers = LaneNumbers(spine.runner.name)
        await numbers.load(session, [("ingest", TOPIC, theirs.slot)])  # as its holder does
        member = asyncio.create_task(spine.drain())
        assert not await waits(spine.database, member)
        await member
    assert await slots(spine) == {theirs.slot}
