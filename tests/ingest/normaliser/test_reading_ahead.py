"""Behind a backlog the next batch is read while a server settles the one before."""

import asyncio
import json

import pytest
from mediaops_ingest.normaliser import batches, worker
from mediaops_ingest.normaliser.shards import LeaseLost

from tests.ingest.spine import spine_of

pytestmark = pytest.mark.databases("postgresql")

BATCH, SENT = 3, 8


@pytest.fixture
async def spine(ingest, monkeypatch):
    monkeypatch.setattr(batches, "BATCH_DELIVERIES", BATCH)
    monkeypatch.setattr(worker, "BEHIND", 0)
    return await spine_of(ingest)


@pytest.fixture
def asked(ingest, monkeypatch) -> list[int]:
    """After which delivery the log was read, each time."""
    found: list[int] = []
    read = ingest.log.read

    async def remembered(after, *limits):
        found.append(after)
        return await read(after, *limits)

    monkeypatch.setattr(ingest.log, "read", remembered)
    return found


def a_mapping(kind: str) -> dict:
    one = {
        "type": kind,
        "occurred_at": "2026-11-22T08:00:00Z",
        "actor": {"external_id": "=item.user"},
    }
    return {"activities": [one]}


async def a_backlog(ingest) -> dict:
    source = await ingest.add_source(mapping=a_mapping("like.created"))
    for n in range(SENT):
        body = json.dumps({"user": f"u{n}"}).encode()
        await ingest.knock_signed(source, body, id_=f"msg_{n}")
    return source


async def told(spine) -> list[tuple[str, str]]:
    events = [event.activity for event in await spine.published()]
    return sorted((one.actor.external_id, one.type) for one in events)


async def test_each_delivery_is_read_once_and_before_it_is_its_turn(ingest, spine, asked) -> None:
    await a_backlog(ingest)
    assert await spine.normaliser.step()
    cursor = spine.held.cursor
    assert asked == [0, cursor], "the second batch was read with the first"
    await spine.run()
    assert asked == [0, cursor, cursor + BATCH, cursor + SENT - BATCH]
    assert await told(spine) == [(f"u{n}", "like.created") for n in range(SENT)]


@pytest.mark.databases("sqlite")
async def test_a_file_is_not_waited_for_and_nothing_is_read_ahead(ingest, spine, asked) -> None:
    await a_backlog(ingest)
    assert await spine.normaliser.step()
    assert asked == [0], "the second batch was not read with the first"
    cursor = spine.held.cursor
    await spine.run()
    assert asked == [0, cursor, cursor + BATCH, cursor + SENT - BATCH]
    assert await told(spine) == [(f"u{n}", "like.created") for n in range(SENT)]


async def test_what_was_read_ahead_under_an_older_mapping_is_read_again(ingest, spine) -> None:
    source = await a_backlog(ingest)
    assert await spine.normaliser.step()
    path = f"/sources/{source['id']}"
    etag = (await ingest.call("GET", path)).headers["ETag"]
    changed = {"mapping": a_mapping("favourite.created")}
    answer = await ingest.call("PATCH", path, changed, headers={"If-Match": etag})
    assert answer.status_code == 200, answer.text
    await spine.run()
    kinds = ["like.created"] * BATCH + ["favourite.created"] * (SENT - BATCH)
    assert await told(spine) == [(f"u{n}", kind) for n, kind in enumerate(kinds)]


async def test_a_batch_that_is_not_settled_leaves_nothing_read_ahead(
    ingest, spine, asked, monkeypatch
) -> None:
    await a_backlog(ingest)

    async def lost(_session) -> None:
        raise LeaseLost("a shard is another's")

    with monkeypatch.context() as patched:
        patched.setattr(spine.held, "check", lost)
        with pytest.raises(LeaseLost):
            await spine.normaliser.step()
    asked.clear()
    await spine.run()
    assert asked[0] == 0, "it begins where the shards stand"
    assert await told(spine) == [(f"u{n}", "like.created") for n in range(SENT)]
    assert (await spine.quality())["normalised"] == SENT


async def test_where_reading_on_fails_as_well_the_batch_tells_its_own_error(
    ingest, spine, monkeypatch
) -> None:
    await a_backlog(ingest)
    read = ingest.log.read

    async def fails_further_on(after, *limits):
        if after > 0:
            raise ConnectionError("the log is away")
        return await read(after, *limits)

    async def away(_session) -> None:
        await asyncio.sleep(0.1)
        raise ConnectionError("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(ingest.log, "read", fails_further_on)
        patched.setattr(spine.held, "check", away)
        with pytest.raises(ConnectionError, match="the database is away"):
            await spine.normaliser.step()
    await spine.run()
    assert (await spine.quality())["normalised"] == SENT
