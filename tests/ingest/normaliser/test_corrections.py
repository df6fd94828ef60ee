"""A counter under the same key with new values corrects what it said, whoever reads it so."""

import json

import pytest

from tests.ingest.spine import spine_of

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
async def spine(ingest):
    return await spine_of(ingest)


async def test_a_snapshot_with_new_values_corrects_and_with_the_same_repeats(ingest, spine) -> None:
    channel = await ingest.add_channel()
    snapshot = {
        "channel_id": channel["id"],
        "metric": "followers",
        "value": 100,
        "kind": "gauge",
        "as_of": "2026-11-22T08:00:00Z",
    }
    for value in (100, 100, 120):
        await ingest.call("POST", "/snapshots", [{**snapshot, "value": value}])
    await spine.run()
    events = await spine.published("mediaops.snapshot")
    assert [(event.value, event.correction) for event in events] == [(100, False), (120, True)]
    assert len({event.id for event in events}) == 1
    quality = await spine.quality()
    assert (quality["normalised"], quality["duplicates"], quality["conflicts"]) == (2, 1, 0)


@pytest.mark.parametrize("moment", ["as_of", "timestamp"])
async def test_a_snapshot_that_a_partner_pushes_again_with_a_new_value_corrects(
    ingest, spine, moment
) -> None:
    """Whether it says the moment itself, or its envelope does."""
    source = await ingest.add_source()
    at = "2026-11-22T08:00:00Z"
    for number, value in enumerate((100, 100, 120)):
        data = {"metric": "followers", "kind": "gauge", "value": value, "dedup_key": "f-1"}
        body = {"type": "metrics.snapshot", "data": data}
        (data if moment == "as_of" else body)[moment] = at
        await ingest.knock_signed(source, json.dumps(body).encode(), id_=f"msg_{number}")
    await spine.run()
    events = await spine.published("mediaops.snapshot")
    assert [(event.value, event.correction) for event in events] == [(100, False), (120, True)]
    quality = await spine.quality()
    assert (quality["normalised"], quality["duplicates"], quality["conflicts"]) == (2, 1, 0)


async def test_a_replay_does_not_undo_a_correction(ingest, spine) -> None:
    channel = await ingest.add_channel()
    posted = {"channel_id": channel["id"], "metric": "followers", "kind": "gauge"}
    for value in (100, 120):  # in one batch, and so in one chunk of the archive
        snapshot = {**posted, "as_of": "2026-11-22T08:00:00Z", "value": value}
        await ingest.call("POST", "/snapshots", [snapshot])
    await spine.run()
    shown = (await ingest.call("GET", "/deliveries")).json()["items"]
    body = {"source_id": shown[0]["source_id"]}
    diff = (await ingest.call("POST", "/deliveries/replay", {**body, "preview": True})).json()
    assert (diff["missing"], diff["changed"]) == (0, 0)
    await ingest.call("POST", "/deliveries/replay", body)
    await spine.run()
    assert [event.value for event in await spine.published("mediaops.snapshot")] == [100, 120]


def a_mapping(day: str, **more) -> dict:
    report = {"metric": "views", "value": "=item.views", "kind": "daily", "as_of": "=item.at"}
    return {"snapshots": [{**report, "day": day}], **more}


async def push(ingest, source, **members) -> None:
    """A partner's own form, in which only a mapping finds a counter."""
    body = {"type": "partner.day", "dedup_key": "day-1", "at": "2026-11-22T08:00:00Z", **members}
    id_ = f"msg_{members['views']}"
    answer = await ingest.knock_signed(source, json.dumps(body).encode(), id_=id_)
    assert answer.status_code == 202, answer.text


async def map_anew(ingest, source, mapping: dict) -> None:
    path = f"/sources/{source['id']}"
    tag = (await ingest.call("GET", path)).headers["ETag"]
    answer = await ingest.call("PATCH", path, {"mapping": mapping}, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text


async def test_what_a_mapping_reads_as_a_counter_is_corrected_too(ingest, spine) -> None:
    source = await ingest.add_source(mapping=a_mapping("=item.day"))
    for views in (100, 120, 120):
        await push(ingest, source, views=views, day="2026-11-21")
    await spine.run()
    events = await spine.published("mediaops.snapshot")
    assert [(event.value, event.correction) for event in events] == [(100, False), (120, True)]
    assert len({event.id for event in events}) == 1
    quality = await spine.quality()
    assert (quality["normalised"], quality["duplicates"], quality["conflicts"]) == (2, 1, 0)


async def test_a_correction_is_one_also_under_a_newer_mapping(ingest, spine) -> None:
    """With another id it would stand beside what it corrects, and count twice."""
    source = await ingest.add_source(mapping=a_mapping("=item.day"))
    await push(ingest, source, views=100, day="2026-11-21")
    await spine.run()
    await map_anew(ingest, source, a_mapping("=item.spoken_of"))
    await push(ingest, source, views=120, spoken_of="2026-11-20")
    await spine.run()
    first, second = await spine.published("mediaops.snapshot")
    assert (second.id, second.correction) == (first.id, True)
    assert (str(first.day), str(second.day)) == ("2026-11-21", "2026-11-20")
    assert (first.mapping_revision, second.mapping_revision) == (1, 2)


async def test_what_a_mapping_reads_as_acts_too_is_a_conflict(ingest, spine) -> None:
    """Whatever its type says: acts that were told again would count again."""
    act = {"type": "like.created", "occurred_at": "=item.at", "count": "=item.views"}
    source = await ingest.add_source(mapping=a_mapping("=item.day", activities=[act]))
    for views in (100, 120):
        await push(ingest, source, views=views, type="metrics.snapshot", day="2026-11-21")
    await spine.run()
    assert [event.activity.count for event in await spine.published()] == [100]
    assert [event.value for event in await spine.published("mediaops.snapshot")] == [100]
    quality = await spine.quality()
    assert (quality["normalised"], quality["conflicts"]) == (1, 1)
