"""The archive's relay begins at once, however much waits, and tells of each lane what it knows."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from mediaops_common.ids import SHARDS, shard_of
from mediaops_ingest.archive import relay
from sqlalchemy import event

from tests.ingest.running import an_activity
from tests.ingest.spine import Spine, spine_of

pytestmark = pytest.mark.databases("sqlite", "postgresql")

WAITING = 7


async def normalise(ingest, spine: Spine, channel: dict[str, Any], *actors: str) -> None:
    """One chunk for each of these actors, none of which is published."""
    for actor in actors:
        body = [an_activity(channel, actor={"external_id": actor}, dedup_key=uuid4().hex)]
        answer = await ingest.call("POST", "/activities", body)
        assert answer.status_code == 202, answer.text
        await spine.normaliser.step()


def note_heads(ingest, monkeypatch) -> dict[int, dict[str, int]]:
    """What is told from here on: shard → slot → number, the last word on each."""
    told: dict[int, dict[str, int]] = {}
    publish = ingest.runtime.bus.publish

    async def publish_and_note(topic, partition, batch):
        for record in batch:
            if record.kind == "heads" and topic == "mediaops.activity":
                for stream in json.loads(record.value)["streams"]:
                    told.setdefault(stream["shard"], {}).update(stream["numbers"])
        await publish(topic, partition, batch)

    monkeypatch.setattr(ingest.runtime.bus, "publish", publish_and_note)
    return told


async def test_a_start_reads_nothing_of_what_waits(ingest, monkeypatch) -> None:
    spine = await spine_of(ingest)
    channel = await ingest.add_channel()
    await normalise(ingest, spine, channel, *(f"u{n}" for n in range(WAITING)))
    asked: list[str] = []

    def note(connection, cursor, statement, *_) -> None:
        asked.append(statement)

    engine = ingest.runtime.database.reader.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    successor = await spine_of(ingest)
    event.remove(engine, "before_cursor_execute", note)
    assert not [statement for statement in asked if "archive_chunk" in statement]
    monkeypatch.setattr(relay, "CHUNKS", 2)
    await successor.run()
    published = await successor.published()
    assert len({one.activity.id for one in published}) == len(published) == WAITING


async def test_a_shard_of_which_much_waits_is_told_of_as_it_is_published(
    ingest, monkeypatch
) -> None:
    spine = await spine_of(ingest)
    channel = await ingest.add_channel()
    shard = shard_of(UUID(channel["id"]))
    await normalise(ingest, spine, channel, "early")
    await spine.run()
    await normalise(ingest, spine, channel, *["late"] * WAITING)
    monkeypatch.setattr(relay, "CHUNKS", 2)
    monkeypatch.setattr(relay, "BUSY_HEADS_SECONDS", -1.0)
    told = note_heads(ingest, monkeypatch)
    successor = await spine_of(ingest)
    assert set(told) == set(range(SHARDS)) - {shard}
    for seen in (2, 4, 6):
        await successor.relay.step()
        assert list(told[shard].values()) == [seen], "of the lane that came by"
    await successor.relay.step()
    assert sorted(told[shard].values()) == [1, WAITING], "of the one that did not, too"


async def test_a_step_takes_as_many_bytes_as_it_may_and_one_chunk_at_least(
    ingest, monkeypatch
) -> None:
    spine = await spine_of(ingest)
    channel = await ingest.add_channel()
    monkeypatch.setattr(relay, "STEP_BYTES", 1)
    await normalise(ingest, spine, channel, *["u1"] * 3)
    assert [await spine.relay.step() for _ in range(4)] == [True, True, False, False]
    assert len(await spine.published()) == 3
    await normalise(ingest, spine, channel, *["u1"] * 3)
    monkeypatch.setattr(relay, "STEP_BYTES", 1 << 20)
    assert not await spine.relay.step()
    assert len(await spine.published()) == 6
