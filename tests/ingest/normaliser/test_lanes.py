"""What is published of a lane comes in the order of its numbers, whoever shares it."""

import json
from uuid import UUID

import pytest
from mediaops_common.ids import shard_of

from tests.ingest.spine import spine_of

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
async def spine(ingest):
    return await spine_of(ingest)


async def two_channels_of_one_shard(ingest):
    """Sources of two channels that share a normaliser, and so its lanes."""
    met = {}
    while True:
        channel = await ingest.add_channel()
        shard = shard_of(UUID(channel["id"]))
        if shard in met:
            return [await ingest.add_source(one) for one in (met[shard], channel)]
        met[shard] = channel


async def records(ingest) -> list:
    """Of all partitions, in order."""
    bus, topic = ingest.runtime.bus, "mediaops.activity"
    found = []
    for partition in range((await bus.topic(topic)).partitions):
        chunk = await bus.read(topic, partition, 0, 100_000)
        found += [record for record in chunk.records if record.kind == "event"] if chunk else []
    return found


async def test_channels_of_one_shard_that_take_turns_leave_no_gap_in_their_lanes(
    ingest, spine
) -> None:
    sources = await two_channels_of_one_shard(ingest)
    for number in range(6):
        body = {"type": "follow.created", "data": {"actor": {"external_id": "the same"}}}
        content = json.dumps(body).encode()
        await ingest.knock_signed(sources[number % 2], content, id_=f"msg_{number}")
    await spine.run()
    published = await records(ingest)
    assert [record.seq for record in published] == [1, 2, 3, 4, 5, 6]
    assert len({(record.shard, record.slot) for record in published}) == 1


async def test_a_new_stream_tells_no_head_of_what_is_numbered_while_it_begins(
    ingest, spine
) -> None:
    source = await ingest.add_source()
    body = b'{"type": "follow.created", "data": {"actor": {"external_id": "u1"}}}'
    told = []
    publish = ingest.runtime.bus.publish

    async def number_and_publish(topic, partition, batch):
        if not told:
            told.extend(batch)
            # The normaliser commits a batch after the new stream has noted where the shards stand.
            await spine.normaliser.step()
        told.extend(batch)
        await publish(topic, partition, batch)

    await ingest.knock_signed(source, body)
    ingest.runtime.bus.publish = number_and_publish
    await spine.relay.start()
    numbers = [
        n for r in told for s in json.loads(r.value)["streams"] for n in s["numbers"].values()
    ]
    assert any(state.next_chunk == 2 for state in spine.held.states.values())
    assert set(numbers) <= {0}
