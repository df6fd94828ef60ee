"""A mapping mistake mended by replay: the wrong is taken back and the missing appears."""

import json
import math
from datetime import timedelta

import pytest
from mediaops_common.events import ActivityRecorded, ActivityRetracted, QualityComputed, decode
from mediaops_ingest.quality.jobs import tell_changed
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from tests.ingest.spine import spine_of


@pytest.fixture
async def spine(ingest):
    return await spine_of(ingest)


def a_mapping(**kinds: str) -> dict:
    return {
        "tables": {"kinds": kinds},
        "activities": [
            {
                "type": {"from": "item.kind", "table": "kinds"},
                "occurred_at": "=item.at",
                "actor": {"external_id": "=item.user"},
            }
        ],
    }


WRONG = a_mapping(like="like.created", fav="like.created")
RIGHT = a_mapping(like="like.created", fav="favourite.created", buy="order.paid")

SENT = [
    {"kind": "like", "user": "u1", "at": "2026-11-20T08:00:00Z"},
    {"kind": "fav", "user": "u1", "at": "2026-11-20T09:00:00Z"},
    {"kind": "fav", "user": "u2", "at": "2026-11-20T10:00:00Z"},
    {"kind": "buy", "user": "u3", "at": "2026-11-21T08:00:00Z"},
]


async def sent(ingest, spine) -> dict:
    source = await ingest.add_source(mapping=WRONG)
    for n, body in enumerate(SENT):
        await ingest.knock_signed(source, json.dumps(body).encode(), id_=f"msg_{n}")
    await ingest.knock_signed(source, json.dumps(SENT[1]).encode(), id_="msg_1")  # a repeat
    await spine.run()
    return source


async def mend(ingest, source, mapping=RIGHT) -> None:
    shown = await ingest.call("GET", f"/sources/{source['id']}")
    answer = await ingest.call(
        "PATCH",
        f"/sources/{source['id']}",
        {"mapping": mapping},
        headers={"If-Match": shown.headers["ETag"]},
    )
    assert answer.status_code == 200, answer.text


async def replay(ingest, source, **more):
    answer = await ingest.call("POST", "/deliveries/replay", {"source_id": source["id"], **more})
    assert answer.status_code in (200, 202), answer.text
    return answer.json()


async def test_a_preview_tells_the_difference_and_changes_nothing(ingest, spine) -> None:
    source = await sent(ingest, spine)
    await mend(ingest, source)
    before = await spine.published()
    diff = await replay(ingest, source, preview=True)
    assert {k: diff[k] for k in ("unchanged", "changed", "retracted", "missing")} == {
        "unchanged": 1,
        "changed": 2,
        "retracted": 0,
        "missing": 1,
    }
    await spine.run()
    assert await spine.published() == before


@pytest.mark.databases("sqlite", "postgresql")
async def test_exactly_the_wrong_is_retracted_and_exactly_the_missing_appears(
    ingest, spine
) -> None:
    source = await sent(ingest, spine)
    before = {e.activity.id: e.activity for e in await spine.published()}
    await mend(ingest, source)
    started = await replay(ingest, source)
    await spine.run()
    done = (await ingest.call("GET", f"/deliveries/replays/{started['replay_id']}")).json()
    assert done["state"] == "done"
    assert (done["counts"]["changed"], done["counts"]["missing"]) == (2, 1)
    events = await spine.published()
    retracted = [e for e in events if isinstance(e, ActivityRetracted)]
    recorded = [e.activity for e in events if isinstance(e, ActivityRecorded)]
    assert {e.activity.actor.external_id for e in retracted} == {"u1", "u2"}
    assert all(before[e.activity.id].type == "like.created" for e in retracted)
    gone = {e.activity.id for e in retracted}
    standing = [a for a in recorded if a.id not in gone]
    assert sorted((a.actor.external_id, a.type) for a in standing) == [
        ("u1", "favourite.created"),
        ("u1", "like.created"),
        ("u2", "favourite.created"),
        ("u3", "order.paid"),
    ]


async def test_what_a_replay_brings_is_known_from_the_replay_on(ingest, spine) -> None:
    source = await sent(ingest, spine)
    received = ingest.clock.now()
    ingest.clock.moment += timedelta(days=3)
    await mend(ingest, source)
    await replay(ingest, source)
    await spine.run()
    recorded = [e.activity for e in await spine.published() if isinstance(e, ActivityRecorded)]
    assert {a.received_at for a in recorded} == {received}
    brought = [a.type for a in recorded if a.known_at == ingest.clock.now()]
    assert sorted(brought) == ["favourite.created", "favourite.created", "order.paid"]
    assert [a.known_at for a in recorded if a.type == "like.created"] == [None] * 3


async def test_a_replay_of_counters_tells_when_they_were_put_right(ingest, spine) -> None:
    def counting(metric: str) -> dict:
        rule = {"metric": metric, "value": "=item.fans", "kind": "gauge", "as_of": "=received_at"}
        return {"snapshots": [rule]}

    source = await ingest.add_source(mapping=counting("views"))
    await ingest.knock_signed(source, json.dumps({"fans": 7}).encode(), id_="msg_0")
    await spine.run()
    ingest.clock.moment += timedelta(days=3)
    await mend(ingest, source, counting("followers"))
    for _ in range(2):
        await replay(ingest, source)
        await spine.run()
    events = await spine.published("mediaops.snapshot")
    now = ingest.clock.now()
    assert [(e.metric, e.is_retraction, e.known_at) for e in events] == [
        ("views", False, None),
        ("views", True, now),
        ("followers", False, now),
    ]


@pytest.mark.databases("sqlite", "postgresql")
async def test_a_retraction_comes_after_its_activity_in_its_lane(ingest, spine) -> None:
    source = await sent(ingest, spine)
    await mend(ingest, source)
    await replay(ingest, source)
    await spine.run()
    seen = set()
    for event in await spine.published():
        if isinstance(event, ActivityRetracted):
            assert event.activity.id in seen
        else:
            seen.add(event.activity.id)


async def test_a_retraction_says_whether_its_actor_stays_active_that_day(ingest, spine) -> None:
    source = await sent(ingest, spine)
    await mend(ingest, source)
    await replay(ingest, source)
    await spine.run()
    remaining = {
        e.activity.actor.external_id: e.remaining_active
        for e in await spine.published()
        if isinstance(e, ActivityRetracted)
    }
    assert remaining == {"u1": 1, "u2": 0}


async def test_a_second_replay_changes_nothing(ingest, spine) -> None:
    source = await sent(ingest, spine)
    await mend(ingest, source)
    for _ in range(2):
        await replay(ingest, source)
        await spine.run()
    events = await spine.published()
    assert sum(isinstance(e, ActivityRetracted) for e in events) == 2
    assert sum(isinstance(e, ActivityRecorded) for e in events) == 6


async def test_a_replay_asked_for_again_under_its_key_is_the_same_replay(ingest, spine) -> None:
    source = await sent(ingest, spine)
    await mend(ingest, source)
    asked = {"source_id": source["id"]}
    key = {"Idempotency-Key": "mend-1"}
    answers = [
        await ingest.call("POST", "/deliveries/replay", {**asked, **more}, headers=key)
        for more in ({"preview": True}, {}, {}, {"from": "2026-11-21"})
    ]
    assert [answer.status_code for answer in answers] == [200, 202, 202, 422]
    assert answers[1].json() == answers[2].json()
    other = await ingest.call("POST", "/deliveries/replay", asked)
    assert other.json()["replay_id"] != answers[1].json()["replay_id"]


async def test_back_to_the_old_mapping_gives_the_old_numbers_under_new_ids(ingest, spine) -> None:
    source = await sent(ingest, spine)
    for mapping in (RIGHT, WRONG):
        await mend(ingest, source, mapping)
        await replay(ingest, source)
        await spine.run()
    events = await spine.published()
    gone = {e.activity.id for e in events if isinstance(e, ActivityRetracted)}
    recorded = [e.activity for e in events if isinstance(e, ActivityRecorded)]
    assert len({a.id for a in recorded}) == len(recorded)
    standing = sorted((a.actor.external_id, a.type) for a in recorded if a.id not in gone)
    assert standing == [("u1", "like.created"), ("u1", "like.created"), ("u2", "like.created")]


async def test_only_the_days_asked_for_are_read_again(ingest, spine) -> None:
    source = await sent(ingest, spine)
    await mend(ingest, source)
    diff = await replay(ingest, source, preview=True, **{"from": "2026-11-23"})
    assert (diff["deliveries"], diff["changed"]) == (0, 0)


@pytest.mark.databases("sqlite", "postgresql")
async def test_the_audit_of_ingest_stays_zero(ingest, spine) -> None:
    source = await sent(ingest, spine)
    await mend(ingest, source)
    await replay(ingest, source)
    await spine.run()
    answer = await ingest.call("GET", "/admin/audit", workspace="*", role="operator")
    assert answer.json()["residual"] == 0
    quality = await spine.quality()
    assert (quality["received"], quality["normalised"], quality["duplicates"]) == (5, 4, 1)


async def test_deliveries_that_are_named_are_read_again_and_no_others(ingest, spine) -> None:
    source = await sent(ingest, spine)
    await mend(ingest, source)
    shown = (await ingest.call("GET", "/deliveries")).json()["items"]
    bought = next(item["id"] for item in shown if item["counts"]["unmapped"])
    answer = await ingest.call("POST", "/deliveries/replay", {"delivery_ids": [bought]})
    assert answer.status_code == 202, answer.text
    await spine.run()
    done = await ingest.call("GET", f"/deliveries/replays/{answer.json()['replay_id']}")
    counts = done.json()["counts"]
    assert (counts["deliveries"], counts["missing"], counts["changed"]) == (1, 1, 0)


async def test_deliveries_of_others_and_of_several_sources_are_refused(ingest, spine) -> None:
    await ingest.add_workspace("other")
    first, second = await ingest.add_source(), await ingest.add_source()
    foreign = await ingest.add_source(workspace="other")
    for source in (first, second, foreign):
        await ingest.knock_signed(source)
    await spine.run()
    shown = (await ingest.call("GET", "/deliveries")).json()["items"]
    ours = {item["source_id"]: item["id"] for item in shown}
    (theirs,) = (await ingest.call("GET", "/deliveries", workspace="other")).json()["items"]
    for body, status in (
        ({"delivery_ids": [theirs["id"]]}, 404),
        ({"source_id": first["id"], "delivery_ids": [theirs["id"]]}, 404),
        ({"source_id": foreign["id"], "delivery_ids": [ours[first["id"]]]}, 404),
        ({"delivery_ids": list(ours.values())}, 422),
        ({"source_id": first["id"], "delivery_ids": [ours[second["id"]]]}, 422),
        ({"delivery_ids": []}, 422),
        ({}, 422),
    ):
        answer = await ingest.call("POST", "/deliveries/replay", {**body, "preview": True})
        assert answer.status_code == status, (body, answer.text)


async def test_what_became_known_is_not_unmapped_any_more(ingest, spine) -> None:
    source = await sent(ingest, spine)
    assert (await spine.quality())["unmapped"] == 1
    for mapping, unmapped in ((RIGHT, 0), (WRONG, 1)):
        await mend(ingest, source, mapping)
        await replay(ingest, source)
        await spine.run()
        assert (await spine.quality())["unmapped"] == unmapped
        shown = (await ingest.call("GET", "/deliveries")).json()["items"]
        assert sum(item["counts"]["unmapped"] for item in shown) == unmapped


async def test_a_replay_uses_the_mapping_that_was_saved_before_it_was_ordered(
    ingest, spine
) -> None:
    source = await sent(ingest, spine)
    await spine.book.refresh()  # the batch under way began before the mapping was mended
    await mend(ingest, source)
    await replay(ingest, source)
    while await spine.replayer.step():
        pass
    await spine.run()
    assert sum(isinstance(e, ActivityRetracted) for e in await spine.published()) == 2


async def test_what_the_log_dropped_is_told_as_unavailable_and_stays(ingest, spine) -> None:
    source = await sent(ingest, spine)
    await mend(ingest, source)
    ingest.clock.moment += timedelta(days=40)
    await ingest.knock_signed(source, json.dumps(SENT[0]).encode(), id_="msg_9")
    await spine.run()
    ingest.log.note_read(spine.held.cursor)
    assert await ingest.log.drop_before(ingest.clock.now() - timedelta(days=30)) == 1
    diff = await replay(ingest, source, preview=True)
    assert (diff["deliveries"], diff["unavailable"], diff["changed"]) == (1, 5, 0)
    started = await replay(ingest, source)
    await spine.run()
    done = (await ingest.call("GET", f"/deliveries/replays/{started['replay_id']}")).json()
    assert (done["state"], done["counts"]["unavailable"]) == ("done", 5)
    assert not any(isinstance(e, ActivityRetracted) for e in await spine.published())


async def test_a_replay_waits_for_a_database_that_is_away(ingest, spine, monkeypatch) -> None:
    async def away(*_args: object) -> None:
        raise OperationalError("SELECT 1", None, ConnectionRefusedError())

    source = await sent(ingest, spine)
    await mend(ingest, source)
    started = await replay(ingest, source)
    with monkeypatch.context() as patch:
        patch.setattr("mediaops_ingest.replays.worker.compare", away)
        with pytest.raises(OperationalError):
            await spine.replayer.step()
    await spine.run()
    done = (await ingest.call("GET", f"/deliveries/replays/{started['replay_id']}")).json()
    assert (done["state"], done["counts"]["changed"]) == ("done", 2)


async def test_a_replay_that_meets_an_error_ends_as_failed_and_stops_nothing(
    ingest, spine, monkeypatch
) -> None:
    source = await sent(ingest, spine)
    await mend(ingest, source)

    async def unreadable(seq):
        raise OSError("the day's file is damaged")

    with monkeypatch.context() as patched:
        patched.setattr(ingest.log, "get", unreadable)
        started = await replay(ingest, source)
        await ingest.knock_signed(source, json.dumps(SENT[0]).encode(), id_="msg_9")
        await spine.run()
    shown = (await ingest.call("GET", f"/deliveries/replays/{started['replay_id']}")).json()
    assert (shown["state"], "damaged" in shown["error"]) == ("failed", True)
    assert (await spine.quality())["pending"] == 0
    await replay(ingest, source)
    await spine.run()
    assert sum(isinstance(e, ActivityRetracted) for e in await spine.published()) == 2


async def test_the_mended_counters_of_a_day_long_past_are_told(ingest, spine, monkeypatch) -> None:
    monkeypatch.setattr("mediaops_ingest.quality.jobs.TOLD_A_SECOND", math.inf)  # no rest between
    source = await sent(ingest, spine)
    await tell_changed(ingest.runtime)
    assert len(await told(ingest)) == 1
    ingest.clock.moment += timedelta(days=10)
    await mend(ingest, source)
    await replay(ingest, source)
    await spine.run()
    await tell_changed(ingest.runtime)
    await tell_changed(ingest.runtime)
    first, second = await told(ingest)
    assert (second.day, second.version) == (first.day, first.version + 1)


async def told(ingest) -> list[QualityComputed]:
    """What waits in the outbox of changed quality."""
    outbox = ingest.runtime.database.tables.outbox
    async with ingest.runtime.database.read() as session:
        rows = await (await session.connection()).execute(select(outbox.c.value))
    events = [decode(value)[1] for (value,) in rows]
    return [event for event in events if isinstance(event, QualityComputed)]
