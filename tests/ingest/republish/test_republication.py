"""A republication goes in steps of few bytes, under a lease that is kept and may be lost."""

import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from mediaops_common import lease
from mediaops_common.events import decode
from mediaops_ingest.archive import publishing
from mediaops_ingest.republish import worker
from mediaops_ingest.republish.models import Republication
from mediaops_ingest.republish.worker import Republisher
from sqlalchemy import text

from tests.ingest.running import NOW, an_activity
from tests.ingest.spine import Spine, spine_of

pytestmark = pytest.mark.databases("sqlite", "postgresql")

CHUNKS = 5
TOPIC = "mediaops.activity.rebuild.t"


@pytest.fixture
async def spine(ingest) -> Spine:
    """With an archive of some chunks that is to be published again."""
    spine, channel = await spine_of(ingest), await ingest.add_channel()
    for _ in range(CHUNKS):
        await ingest.call("POST", "/activities", [an_activity(channel, dedup_key=uuid4().hex)])
        await spine.normaliser.step()
    await spine.run()
    async with ingest.runtime.database.write() as session:
        more = {"service": "crm", "topic": "t", "ends": {}, "cursor": {}, "created_at": NOW}
        session.add(Republication(id=uuid4(), state="queued", **more))
    return spine


def republisher(ingest, owner: str) -> Republisher:
    return Republisher(ingest.runtime.database, ingest.runtime.bus, owner)


async def asked(ingest, query: str) -> Any:
    async with ingest.runtime.database.read() as session:
        return (await (await session.connection()).execute(text(query))).scalar_one_or_none()


async def published(ingest) -> list[Any]:
    """The ids of what is on the rebuild's topic, and None for each end."""
    bus, found = ingest.runtime.bus, []
    for partition in range((await bus.topic(TOPIC)).partitions):
        chunk = await bus.read(TOPIC, partition, 0, 1_000)
        for record in chunk.records if chunk else ():
            is_event = record.kind == "event"
            found.append(decode(record.value)[1].activity.id if is_event else None)
    return found


async def whole(spine: Spine, ingest) -> None:
    """All that was recorded is on the rebuild's topic once, and then the end of each partition."""
    partitions = (await ingest.runtime.bus.topic(TOPIC)).partitions
    ids = sorted(one.activity.id for one in await spine.published())
    again = await published(ingest)
    assert sorted(one for one in again if one) == ids
    assert again.count(None) == partitions
    assert await asked(ingest, "SELECT state FROM republication") == "done"


def at_each_publish(ingest, monkeypatch, act: Callable[[], Awaitable[None]]) -> None:
    """Before anything is published on the rebuild's topic."""
    publish = ingest.runtime.bus.publish

    async def act_and_publish(topic: str, partition: int, batch: Any) -> None:
        if topic == TOPIC:
            await act()
        await publish(topic, partition, batch)

    monkeypatch.setattr(ingest.runtime.bus, "publish", act_and_publish)


@pytest.mark.parametrize(("most", "steps"), [(1, CHUNKS), (32 << 20, 1)])
async def test_a_step_takes_chunks_by_their_bytes(ingest, spine, monkeypatch, most, steps) -> None:
    monkeypatch.setattr(worker, "STEP_BYTES", most)
    first = republisher(ingest, "first")
    count = 0
    while await first.step():
        count += 1
    begun_and_ended = 2
    assert count == steps + begun_and_ended
    await whole(spine, ingest)


async def test_the_lease_is_renewed_between_the_parts_of_a_step(ingest, spine, monkeypatch) -> None:
    monkeypatch.setattr(publishing, "PART_BYTES", 1)
    gone, expiries = [0.0], []

    async def take_long() -> None:
        expiry = "SELECT expires_at FROM lease WHERE name = 'republication'"
        expiries.append(await asked(ingest, expiry))
        gone[0] += 20.0

    at_each_publish(ingest, monkeypatch, take_long)
    first = republisher(ingest, "first")
    await first.step()
    slow = SimpleNamespace(monotonic=lambda: time.monotonic() + gone[0])
    monkeypatch.setattr(lease, "time", slow)
    await first.step()
    assert len(expiries) == CHUNKS
    assert expiries == sorted(set(expiries))


async def test_a_lost_lease_ends_the_step_and_the_other_replica_publishes_it(
    ingest, spine, monkeypatch
) -> None:
    first, other = republisher(ingest, "first"), republisher(ingest, "other")
    await first.step()
    assert not await other.step()
    lost, held = iter([True]), ("republication", "first")

    async def lose() -> None:
        if next(lost, False):
            async with ingest.runtime.database.write() as session:
                await lease.release(session, await lease.acquire(session, *held, seconds=0.0))
            assert await other.step()

    at_each_publish(ingest, monkeypatch, lose)
    assert not await first.step()
    assert not await first.step()
    while await other.step():
        pass
    monkeypatch.undo()
    assert len(set(await published(ingest)) - {None}) == CHUNKS
    assert await asked(ingest, "SELECT state FROM republication") == "done"
