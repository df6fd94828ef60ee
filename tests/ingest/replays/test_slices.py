"""A replay goes in slices that fit into memory and a lease, whatever lies in a delivery."""

import json
import threading
from typing import Any

import pytest
from mediaops_common.events import ActivityRetracted
from mediaops_ingest.archive import portions
from mediaops_ingest.replays import active_days, mending, service, slices, worker

from tests.ingest.replays.test_replays import RIGHT, SENT, WRONG, mend, replay
from tests.ingest.spine import Spine, spine_of

pytestmark = pytest.mark.databases("sqlite", "postgresql")

CHANGES = {"unchanged": 1, "changed": 2, "retracted": 0, "missing": 1}


@pytest.fixture
async def spine(ingest):
    return await spine_of(ingest)


async def sent_apart(ingest, spine: Spine) -> dict[str, Any]:
    """Each delivery's events lie in a chunk of their own."""
    source = await ingest.add_source(mapping=WRONG)
    for n, body in enumerate(SENT):
        await ingest.knock_signed(source, json.dumps(body).encode(), id_=f"msg_{n}")
        await spine.normaliser.step()
    await spine.run()
    return source


async def steps(spine: Spine) -> int:
    count = 0
    while await spine.replayer.step():
        count += 1
    return count


@pytest.mark.parametrize(
    ("bound", "most", "wanted"),
    [
        ("ITEMS", 5_000, 1),
        ("ITEMS", 3, 2),
        ("ITEMS", 0, 4),
        ("BYTES", 0, 4),
        ("BYTES", 2 * len(json.dumps(SENT[0])), 2),
        ("EVENTS", 2, 2),
        ("EVENTS", 0, 4),
    ],
)
async def test_a_slice_is_cut_and_the_outcome_is_the_same(
    ingest, spine, monkeypatch, bound, most, wanted
) -> None:
    source = await sent_apart(ingest, spine)
    await mend(ingest, source)
    monkeypatch.setattr(slices, bound, most)
    diff = await replay(ingest, source, preview=True)
    assert {name: diff[name] for name in CHANGES} == CHANGES
    assert (diff["deliveries"], diff["is_complete"]) == (4, True)
    started = await replay(ingest, source)
    assert await steps(spine) == wanted
    done = (await ingest.call("GET", f"/deliveries/replays/{started['replay_id']}")).json()
    assert (done["state"], done["counts"]["deliveries"]) == ("done", 4)
    assert {name: done["counts"][name] for name in CHANGES} == CHANGES
    await spine.run()
    assert remaining(await spine.published()) == {"u1": 1, "u2": 0}


async def test_a_preview_ends_after_so_many_items(ingest, spine, monkeypatch) -> None:
    source = await sent_apart(ingest, spine)
    await mend(ingest, source)
    monkeypatch.setattr(slices, "ITEMS", 1)
    monkeypatch.setattr(service, "MOST_ITEMS", 2)
    diff = await replay(ingest, source, preview=True)
    assert (diff["deliveries"], diff["is_complete"]) == (2, False)


async def test_the_archive_is_read_in_portions_between_which_the_leases_are_kept(
    ingest, spine, monkeypatch
) -> None:
    source = await sent_apart(ingest, spine)
    await mend(ingest, source)
    monkeypatch.setattr(portions, "PORTION_BYTES", 1)
    monkeypatch.setattr(portions, "LOOKED_AT", 1)
    read = noted(monkeypatch, portions.repository, "chunks_of")
    kept = noted(monkeypatch, spine.held, "keep")
    await replay(ingest, source)
    assert await steps(spine) == 1
    assert [len(arguments[2]) for arguments in read] == [1] * len(read)
    # Three chunks are compared, and the three of the day that is touched are looked through.
    assert len(read) == 6
    assert len(kept) > len(read)
    await spine.run()
    assert remaining(await spine.published()) == {"u1": 1, "u2": 0}


async def test_of_a_touched_day_only_what_its_actors_did_is_decoded(
    ingest, spine, monkeypatch
) -> None:
    source = await sent_apart(ingest, spine)
    for n in range(20):
        body = {"kind": "like", "user": f"other{n}", "at": "2026-11-20T10:00:00Z"}
        await ingest.knock_signed(source, json.dumps(body).encode(), id_=f"other_{n}")
    await spine.run()
    await mend(ingest, source, RIGHT)
    decoded = noted(monkeypatch, active_days, "decode")
    await replay(ingest, source)
    await spine.run()
    assert len(decoded) == 3
    assert remaining(await spine.published()) == {"u1": 1, "u2": 0}


async def test_a_slice_is_mended_beside_the_event_loop(ingest, spine, monkeypatch) -> None:
    source = await sent_apart(ingest, spine)
    await mend(ingest, source)
    threads = []

    def mend_and_note(*arguments):
        threads.append(threading.current_thread())
        return mending.mend(*arguments)

    monkeypatch.setattr(worker, "mend", mend_and_note)
    await replay(ingest, source)
    await steps(spine)
    assert threads
    assert threading.main_thread() not in threads


def remaining(events: list[Any]) -> dict[str, int]:
    return {
        e.activity.actor.external_id: e.remaining_active
        for e in events
        if isinstance(e, ActivityRetracted)
    }


def noted(monkeypatch, owner: Any, name: str) -> list[tuple[Any, ...]]:
    """The arguments of each call from here on."""
    calls: list[tuple[Any, ...]] = []
    whole = getattr(owner, name)

    def call_and_note(*arguments):
        calls.append(arguments)
        return whole(*arguments)

    monkeypatch.setattr(owner, name, call_and_note)
    return calls
