"""A source that cannot be opened stops nobody else, and what came through it is not lost."""

import asyncio
import json
from uuid import UUID

import pytest
from mediaops_ingest.platforms.registry import ADAPTERS
from mediaops_ingest.sources.models import MappingRevision, Source, SourceSecret
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from tests.ingest.rows import change
from tests.ingest.running import an_activity
from tests.ingest.spine import spine_of

pytestmark = pytest.mark.databases("sqlite", "postgresql")

BODY = json.dumps(
    {
        "type": "follow.created",
        "timestamp": "2026-11-22T08:00:00Z",
        "data": {"actor": {"external_id": "u1"}},
    }
).encode()


@pytest.fixture
async def spine(ingest):
    return await spine_of(ingest)


BREAKS = {
    "secrets": (SourceSecret, "sealed", b"of another key", "the secrets of its source cannot be"),
    "mapping": (MappingRevision, "mapping", {"activities": 1}, "the mapping of its source"),
    "adapter": (Source, "adapter", "of-tomorrow", "of-tomorrow is an adapter of another version"),
}


@pytest.mark.parametrize("what", BREAKS)
async def test_what_came_through_it_fails_alone_and_a_replay_mends_it(ingest, spine, what) -> None:
    model, name, value, reason = BREAKS[what]
    rule = {"type": "like.created", "occurred_at": "=item.timestamp", "when": "item.never"}
    broken = await ingest.add_source(mapping={"activities": [rule]})
    channel = await ingest.add_channel()
    whole = await ingest.add_source(channel)
    for source in (broken, whole):
        assert (await ingest.knock_signed(source, BODY)).status_code == 202
    await ingest.call("POST", "/activities", [an_activity(channel)])
    was = await change(ingest, model, broken, name, value)
    await spine.run()
    assert len(await spine.published()) == 2
    told = await ingest.call("GET", f"/deliveries?source_id={broken['id']}")
    (shown,) = told.json()["items"]
    assert shown["status"] == "failed"
    assert shown["reason"].startswith(reason)

    await change(ingest, model, broken, name, was)
    spine.book.forget()
    await ingest.call("POST", "/deliveries/replay", {"source_id": broken["id"]})
    await spine.run()
    assert len(await spine.published()) == 3
    quality = await spine.quality()
    assert (quality["normalised"], quality["failed"]) == (3, 0)


async def test_a_replay_while_it_is_locked_takes_nothing_back(ingest, spine) -> None:
    source = await ingest.add_source()
    await ingest.knock_signed(source, BODY)
    await spine.run()
    await change(ingest, SourceSecret, source, "sealed", b"of another key")
    spine.book.forget()
    asked = {"source_id": source["id"]}
    await ingest.call("POST", "/deliveries/replay", asked)
    await spine.run()
    assert len(await spine.published()) == 1
    (shown,) = (await ingest.call("GET", "/deliveries")).json()["items"]
    assert shown["status"] == "done"


async def test_an_old_set_that_is_locked_does_not_matter_beside_one_that_opens(
    ingest, spine
) -> None:
    source = await ingest.add_source()
    first = await change(ingest, SourceSecret, source, "sealed", b"")
    await change(ingest, SourceSecret, source, "sealed", first)
    secrets = {"secret": "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    body = {"secrets": secrets, "overlap_hours": 0}
    answer = await ingest.call("POST", f"/sources/{source['id']}/rotate-secret", body)
    assert answer.status_code == 200, answer.text
    async with ingest.runtime.database.write() as session:
        sealed = SourceSecret.__table__.c.sealed
        statement = update(SourceSecret.__table__).where(sealed == first)
        await (await session.connection()).execute(statement.values(sealed=b"of another key"))
    view = await spine.book.source(UUID(source["id"]))
    assert [one["secret"] for one in view.secrets] == [secrets["secret"]]


async def test_the_door_asks_senders_of_an_unknown_adapter_to_come_again(ingest) -> None:
    source = await ingest.add_source()
    await change(ingest, Source, source, "adapter", "of-tomorrow")
    ingest.runtime.state["door_cache"]._hooks.clear()
    answer = await ingest.knock_signed(source, BODY)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "of-tomorrow" not in ADAPTERS


async def test_one_that_the_door_cannot_read_again_hides_no_change_of_others(
    ingest, monkeypatch
) -> None:
    broken, changed = await ingest.add_source(), await ingest.add_source()
    cache = ingest.runtime.state["door_cache"]
    for source in (broken, changed):
        assert (await ingest.knock_signed(source, BODY)).status_code == 202
    before, prepare = dict(cache._hooks), cache.prepare
    for source, off in ((broken, {"name": "x"}), (changed, {"enabled": False})):
        path = f"/sources/{source['id']}"
        answer = await ingest.call("PATCH", path, off, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
    # As if another replica had done that: this one still knows what it knew.
    cache._hooks = before

    async def fails(session, source):
        if str(source.id) == broken["id"]:
            raise ValueError("nobody thought of this")
        return await prepare(session, source)

    monkeypatch.setattr(cache, "prepare", fails)
    ingest.runtime.state["door_follower"].cancel()
    await asyncio.sleep(0)
    await cache._look()
    assert (await ingest.knock_signed(changed, BODY)).status_code == 404


async def test_a_database_that_goes_in_the_midst_of_a_look_leaves_the_known_in_force(
    ingest, monkeypatch
) -> None:
    source = await ingest.add_source()
    assert (await ingest.knock_signed(source, BODY)).status_code == 202
    cache = ingest.runtime.state["door_cache"]
    ingest.runtime.state["door_follower"].cancel()
    await asyncio.sleep(0)
    before = dict(cache._hooks)
    path = f"/sources/{source['id']}"
    await ingest.call("PATCH", path, {"name": "x"}, headers={"If-Match": "*"})
    cache._hooks = dict(before)

    async def is_away(session, source):
        raise OperationalError("SELECT 1", {}, ConnectionError("gone"))

    with monkeypatch.context() as patch:
        patch.setattr(cache, "prepare", is_away)
        with pytest.raises(OperationalError):
            await cache._look()
        assert cache._hooks == before
    await cache._look()
    (known,) = cache._hooks.values()
    assert known.version == before.popitem()[1].version + 1
