"""`republish`: the relay goes back to what was received since then, also to the newest of it."""

import random
from datetime import timedelta
from uuid import uuid4

import pytest
from mediaops_ingest.archive.chunks import pack_chunk
from mediaops_ingest.archive.models import ArchiveChunk, Shard
from mediaops_ingest.normaliser.worker import MARGIN
from sqlalchemy import event

from tests.ingest.running import NOW, an_activity
from tests.ingest.spine import spine_of

pytestmark = pytest.mark.databases("sqlite", "postgresql")

LONG = 300
"""Chunks of a long archive, one for each second from NOW on."""


@pytest.mark.parametrize("seconds", [0, 3, 3600])
async def test_what_was_received_since_then_is_published_again(ingest, seconds) -> None:
    spine = await spine_of(ingest)
    channel = await ingest.add_channel()
    ingest.clock.moment += timedelta(hours=2)
    received = ingest.clock.now()
    await ingest.call("POST", "/activities", [an_activity(channel)])
    await spine.run()
    since = (received - timedelta(seconds=seconds)).isoformat()
    body, operator = {"since": since}, {"workspace": "*", "role": "operator"}
    answer = await ingest.call("POST", "/admin/republish", body, **operator)
    assert (answer.status_code, answer.json()) == (202, {"shards": 1})
    successor = await spine_of(ingest)
    await successor.run()
    first, second = await successor.published()
    assert first == second
    later = received + timedelta(hours=1)
    for since, shards in (
        (later.isoformat(), 0),
        (str(received.date()), 1),
        (str((later + timedelta(days=2)).date()), 0),
    ):
        answer = await ingest.call("POST", "/admin/republish", {"since": since}, **operator)
        assert answer.json() == {"shards": shards}, since


async def grow(ingest, shard: int, behind: timedelta = timedelta(0)) -> None:
    """A long archive: stamps lag behind the log now and then, and replays are ahead of both, the
    more so where the normaliser was behind when they were made."""
    chance = random.Random(7)
    async with ingest.runtime.database.write() as session:
        session.add(Shard(shard=shard, cursor=0, next_chunk=LONG + 1, published=LONG))
        for chunk in range(1, LONG + 1):
            logged = NOW + timedelta(seconds=chunk)
            through = logged - chance.random() * MARGIN - MARGIN
            if chunk % 25 == 0:
                through = logged + behind
            session.add(
                ArchiveChunk(
                    shard=shard,
                    chunk=chunk,
                    workspace_id=uuid4(),
                    channel_id=uuid4(),
                    first_occurred=NOW,
                    last_occurred=NOW,
                    through=through,
                    count=0,
                    records=pack_chunk([]),
                )
            )


async def go_back(ingest, seconds: float) -> int:
    """The last chunk that counts as published, once all was asked for that came from then on."""
    since = (NOW + timedelta(seconds=seconds)).isoformat()
    operator = {"workspace": "*", "role": "operator"}
    answer = await ingest.call("POST", "/admin/republish", {"since": since}, **operator)
    assert answer.status_code == 202, answer.text
    async with ingest.runtime.database.read() as session:
        shard = await session.get(Shard, 3)
        assert shard is not None
        return shard.published


@pytest.mark.parametrize("hours", [0, 2])
async def test_nothing_is_missed_in_a_long_archive_and_little_is_published_in_vain(
    ingest, hours
) -> None:
    await grow(ingest, 3, timedelta(hours=hours))
    for seconds in (LONG + 60.0, LONG - 0.5, 250.5, 249.5, 180.5, 90.5, 2.5, -60.0):
        published = await go_back(ingest, seconds)
        assert published <= max(seconds, 0), "what was logged in that second is published again"
        if not hours:
            assert published > min(seconds, LONG + 1) - 25


async def test_a_long_archive_is_searched_by_halving_before_anything_is_locked(ingest) -> None:
    await grow(ingest, 3)
    database = ingest.runtime.database
    looks, writes = [], []
    for engine, asked in ((database.reader, looks), (database.writer, writes)):

        def note(connection, cursor, statement, *_, asked=asked) -> None:
            if "archive_chunk" in statement:
                asked.append(statement)

        event.listen(engine.sync_engine, "before_cursor_execute", note)
    await go_back(ingest, 200.5)
    assert 0 < len(looks) <= LONG.bit_length()
    assert writes == []
