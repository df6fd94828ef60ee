"""What follows a full batch is read while that one is settled, and nothing twice or never."""

import json

import pytest
from mediaops_ingest.normaliser import batches
from mediaops_ingest.normaliser.batches import Ahead

from tests.ingest.delivery_log.builders import a_delivery
from tests.ingest.spine import spine_of


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(batches, "BATCH_DELIVERIES", 3)


@pytest.fixture
def asked(ingest, monkeypatch) -> list[int]:
    """Above which seqs the log was asked."""
    found, read = [], ingest.log.read

    async def noted(after, *limits):
        found.append(after)
        return await read(after, *limits)

    monkeypatch.setattr(ingest.log, "read", noted)
    return found


async def logged(ingest, count: int) -> list[int]:
    return await ingest.log.append([a_delivery() for _ in range(count)])


def seqs(deliveries) -> list[int]:
    return [delivery.seq for delivery in deliveries]


async def test_what_follows_a_full_batch_is_there_when_it_is_asked_for(ingest, asked) -> None:
    given = await logged(ingest, 5)
    ahead = Ahead(ingest.log)
    first = await ahead.read(0)
    ahead.go_on(first)
    await ahead._reading
    assert asked == [0, given[2]]
    assert seqs(first) == given[:3]
    second = await ahead.read(given[2])
    assert seqs(second) == given[3:]
    ahead.go_on(second)
    assert asked == [0, given[2]], "a batch that is not full has nothing behind it"


async def test_what_came_after_an_empty_look_is_found(ingest, asked) -> None:
    given = await logged(ingest, 3)
    ahead = Ahead(ingest.log)
    ahead.go_on(await ahead.read(0))
    await ahead._reading
    later = await logged(ingest, 1)
    assert seqs(await ahead.read(given[2])) == later


async def test_who_begins_elsewhere_gets_what_follows_there(ingest, asked) -> None:
    given = await logged(ingest, 5)
    ahead = Ahead(ingest.log)
    ahead.go_on(await ahead.read(0))
    assert seqs(await ahead.read(given[0])) == given[1:4], "a shard came whose cursor is lower"
    assert seqs(await ahead.read(given[2])) == given[3:]


async def test_batches_that_were_read_ahead_are_normalised_once_and_in_order(ingest, asked) -> None:
    spine = await spine_of(ingest)
    source = await ingest.add_source()
    for number in range(10):
        body = {"type": "follow.created", "data": {"actor": {"external_id": "the same"}}}
        await ingest.knock_signed(source, json.dumps(body).encode(), id_=f"msg_{number}")
    await spine.run()
    events = await spine.published()
    assert len({event.activity.id for event in events}) == len(events) == 10
    assert sorted(set(asked)) == asked[: len(set(asked))], "nothing is read again"
    assert (await spine.quality())["normalised"] == 10
