"""Reports that a replay reads otherwise: each says what it says now, and nothing is lost."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from mediaops_common.events import Activity, SnapshotRecorded
from mediaops_ingest.archive.standing import fold
from mediaops_ingest.sources.models import SourceSecret

from tests.ingest.rows import change
from tests.ingest.spine import spine_of

pytestmark = pytest.mark.databases("sqlite", "postgresql")

AT = "2026-11-22T08:00:00Z"


@pytest.fixture
async def spine(ingest):
    return await spine_of(ingest)


def a_report(metric: str, value: str) -> dict[str, str]:
    return {"metric": metric, "value": value, "kind": "gauge", "as_of": "=item.at"}


VIEWS, LIKES = a_report("views", "=item.views"), a_report("likes", "=item.likes")
FOLLOWERS = a_report("followers", "=item.followers")
SHARES, SAVES = a_report("shares", "=item.shares"), a_report("saves", "=item.saves")
SENT = {"views": 100, "likes": 7, "followers": 3, "shares": 2, "saves": 1}

CHANGES = {
    "one more in front": ([VIEWS, LIKES], [FOLLOWERS, VIEWS, LIKES]),
    "another order": ([VIEWS, LIKES], [LIKES, VIEWS]),
    "another order and one mended": ([VIEWS, LIKES], [LIKES, FOLLOWERS]),
    "the first away, one mended": (
        [FOLLOWERS, VIEWS, LIKES, SHARES],
        [VIEWS, SAVES, SHARES],
    ),
    "the last first, the others new": ([VIEWS, LIKES, SHARES, SAVES], [SAVES, FOLLOWERS]),
    "all others": ([VIEWS], [LIKES]),
    "fewer": ([VIEWS, LIKES, SHARES], [LIKES]),
}


async def push(ingest, source, id_: str = "1", **members: Any) -> None:
    body = {"type": "partner.day", "dedup_key": "day-1", "at": AT, **SENT, **members}
    answer = await ingest.knock_signed(source, json.dumps(body).encode(), id_=f"msg_{id_}")
    assert answer.status_code == 202, answer.text


async def map_anew(ingest, source, **mapping: Any) -> None:
    answer = await ingest.call(
        "PATCH", f"/sources/{source['id']}", {"mapping": mapping}, headers={"If-Match": "*"}
    )
    assert answer.status_code == 200, answer.text


async def replay(ingest, spine, source) -> dict[str, int]:
    """What it said that it would change, and did."""
    asked = {"source_id": source["id"]}
    names = ("unchanged", "changed", "retracted", "missing", "failed")
    preview = (await ingest.call("POST", "/deliveries/replay", {**asked, "preview": True})).json()
    made = (await ingest.call("POST", "/deliveries/replay", asked)).json()
    await spine.run()
    done = (await ingest.call("GET", f"/deliveries/replays/{made['replay_id']}")).json()
    assert done["state"] == "done"
    counts = {name: done["counts"].get(name, 0) for name in names}
    assert counts == {name: preview[name] for name in names}
    return counts


async def values(spine) -> dict[str, int]:
    """What stands, as whoever reads all events in their order comes to it."""
    standing: dict[Any, Activity | SnapshotRecorded] = {}
    fold(standing, await spine.published("mediaops.snapshot"))
    snapshots = [one for one in standing.values() if isinstance(one, SnapshotRecorded)]
    found = {one.metric: one.value for one in snapshots}
    assert len(found) == len(snapshots)
    return found


def meant(rules: Sequence[dict[str, str]]) -> dict[str, int]:
    return {rule["metric"]: SENT[rule["metric"]] for rule in rules}


@pytest.mark.parametrize("what", CHANGES)
async def test_each_report_of_an_item_stands_and_a_second_replay_changes_nothing(
    ingest, spine, what
) -> None:
    before, after = CHANGES[what]
    source = await ingest.add_source(mapping={"snapshots": before})
    await push(ingest, source)
    await spine.run()
    assert await values(spine) == meant(before)
    await map_anew(ingest, source, snapshots=after)
    await replay(ingest, spine, source)
    assert await values(spine) == meant(after)
    assert await replay(ingest, spine, source) == {
        "unchanged": len(after),
        "changed": 0,
        "retracted": 0,
        "missing": 0,
        "failed": 0,
    }
    assert await values(spine) == meant(after)


async def test_what_a_replay_reads_only_now_does_not_correct_what_came_since(ingest, spine) -> None:
    source = await ingest.add_source(mapping={"snapshots": [VIEWS]})
    sealed = await change(ingest, SourceSecret, source, "sealed", b"of another key")
    await push(ingest, source, "1", views=100)
    await spine.run()
    await change(ingest, SourceSecret, source, "sealed", sealed)
    spine.book.forget()
    await push(ingest, source, "2", views=120)
    await spine.run()
    assert await values(spine) == {"views": 120}
    assert (await replay(ingest, spine, source))["missing"] == 0
    assert await values(spine) == {"views": 120}
    quality = await spine.quality()
    assert (quality["normalised"], quality["conflicts"], quality["failed"]) == (1, 1, 0)


async def test_what_a_replay_reads_only_now_corrects_what_came_before(ingest, spine) -> None:
    source = await ingest.add_source(mapping={"snapshots": [VIEWS]})
    await push(ingest, source, "1", views=100)
    await spine.run()
    sealed = await change(ingest, SourceSecret, source, "sealed", b"of another key")
    spine.book.forget()
    await push(ingest, source, "2", views=120)
    await spine.run()
    await change(ingest, SourceSecret, source, "sealed", sealed)
    spine.book.forget()
    assert (await replay(ingest, spine, source))["missing"] == 1
    assert await values(spine) == {"views": 120}


async def test_acts_are_taken_back_where_a_report_has_corrected_them(ingest, spine) -> None:
    act = {"type": "view.recorded", "occurred_at": "=item.at", "count": "=item.views"}
    source = await ingest.add_source(mapping={"activities": [act]})
    await push(ingest, source, "1", views=500)
    await spine.run()
    await map_anew(ingest, source, snapshots=[VIEWS])
    await push(ingest, source, "2", views=520)
    await spine.run()
    assert (await replay(ingest, spine, source))["retracted"] == 1
    standing: dict[Any, Any] = {}
    fold(standing, await spine.published())
    assert standing == {}
    assert await values(spine) == {"views": 520}
    assert (await replay(ingest, spine, source))["retracted"] == 0


async def test_acts_stay_where_nothing_was_mended(ingest, spine) -> None:
    """Though a correction that makes a report and no act has the key by now."""
    act = {
        "type": "view.recorded",
        "occurred_at": "=item.at",
        "count": "=item.views",
        "when": "item.views < `510`",
    }
    source = await ingest.add_source(mapping={"activities": [act], "snapshots": [VIEWS]})
    for views in (500, 520):
        await push(ingest, source, str(views), views=views)
    await spine.run()
    assert (await replay(ingest, spine, source))["retracted"] == 0
    assert len(await spine.published()) == 1
