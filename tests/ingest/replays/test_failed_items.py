"""What failed under a wrong mapping is decided when it is read again, and counts once."""

import json

import pytest
from mediaops_common.events import ActivityRetracted

from tests.ingest.replays.test_replays import RIGHT, SENT, a_mapping, mend, replay
from tests.ingest.spine import spine_of

BROKEN = a_mapping(like="like.created", fav="favourite.created", buy="order.paid")
BROKEN["activities"][0]["occurred_at"] = "=item.user"


@pytest.fixture
async def spine(ingest):
    return await spine_of(ingest)


async def knock(ingest, source, body, id_) -> None:
    await ingest.knock_signed(source, json.dumps(body).encode(), id_=id_)


async def test_copies_of_what_failed_become_one_act_and_its_repeats(ingest, spine) -> None:
    source = await ingest.add_source(mapping=BROKEN)
    for _ in range(3):
        await knock(ingest, source, SENT[0], "msg_0")
    await knock(ingest, source, SENT[1], "msg_0")  # the same key, other content
    await spine.run()
    assert (await spine.quality())["failed"] == 4
    (row,) = [r for r in (await ingest.call("GET", "/quality")).json()["items"] if r["received"]]
    assert [(one["reason"], one["items"]) for one in row["reasons"]] == [("occurred_at", 4)]
    await mend(ingest, source, RIGHT)
    diff = await replay(ingest, source, preview=True)
    assert (diff["missing"], diff["failed"]) == (1, 0)
    for _ in range(2):
        await replay(ingest, source)
        await spine.run()
    (event,) = await spine.published()
    assert event.activity.type == "like.created"
    quality = await spine.quality()
    names = ("received", "normalised", "duplicates", "conflicts", "failed")
    assert [quality[name] for name in names] == [4, 1, 2, 1, 0]
    shown = (await ingest.call("GET", "/deliveries")).json()["items"]
    assert [item["status"] for item in shown] == ["conflict", "duplicate", "duplicate", "done"]
    assert [item["notes"] for item in shown[1:]] == [[], [], []]
    assert [item["reason"] is None for item in shown] == [False, True, True, True]
    (row,) = [r for r in (await ingest.call("GET", "/quality")).json()["items"] if r["received"]]
    assert (row["reasons"], row["activities"]) == ([], 1)


async def test_a_repeat_is_a_repeat_also_where_the_mapping_cannot_read_it(ingest, spine) -> None:
    source = await ingest.add_source(mapping=RIGHT)
    await knock(ingest, source, SENT[0], "msg_0")
    await spine.run()
    await mend(ingest, source, BROKEN)
    await knock(ingest, source, SENT[0], "msg_0")
    await knock(ingest, source, SENT[1], "msg_0")
    await knock(ingest, source, SENT[1], "msg_1")
    await spine.run()
    shown = (await ingest.call("GET", "/deliveries")).json()["items"]
    assert [item["status"] for item in shown] == ["failed", "conflict", "duplicate", "done"]


async def test_a_mapping_that_fails_takes_nothing_back_and_says_how_much_it_cannot_read(
    ingest, spine
) -> None:
    source = await ingest.add_source(mapping=RIGHT)
    for number, body in enumerate(SENT):
        await knock(ingest, source, body, f"msg_{number}")
    await spine.run()
    before = await spine.quality()
    await mend(ingest, source, BROKEN)
    diff = await replay(ingest, source, preview=True)
    assert (diff["failed"], diff["retracted"], diff["changed"]) == (4, 0, 0)
    started = await replay(ingest, source)
    await spine.run()
    done = (await ingest.call("GET", f"/deliveries/replays/{started['replay_id']}")).json()
    assert (done["state"], done["counts"]["failed"]) == ("done", 4)
    assert not any(isinstance(e, ActivityRetracted) for e in await spine.published())
    assert await spine.quality() == before


async def test_of_a_batch_only_the_items_that_failed_are_decided_anew(ingest, spine) -> None:
    source = await ingest.add_source(mapping=RIGHT)
    good = {"type": "like.created", "data": {"actor": {"external_id": "u1"}}}
    bad = {"type": "like.created", "data": {"actor": {"external_id": ""}}}
    await knock(ingest, source, [good, bad, {**bad, "kind": "like"}], "msg_0")
    await spine.run()
    names = ("received", "normalised", "failed", "unmapped")
    quality = await spine.quality()
    assert [quality[name] for name in names] == [3, 1, 2, 0]
    mapping = {
        "activities": [
            {"type": "like.created", "occurred_at": "2026-11-20T08:00:00Z", "when": "=item.kind"}
        ]
    }
    await mend(ingest, source, mapping)
    await replay(ingest, source)
    await spine.run()
    (shown,) = (await ingest.call("GET", "/deliveries")).json()["items"]
    assert shown["status"] == "failed"
    assert [note[:2] for note in shown["notes"]] == [[1, "failed"]]
    quality = await spine.quality()
    assert [quality[name] for name in names] == [3, 2, 1, 0]
    assert len(await spine.published()) == 2
