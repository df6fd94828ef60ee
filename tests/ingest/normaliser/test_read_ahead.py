"""What is read ahead is as good as what is read in its turn, or it is read again."""

import json

import pytest
from mediaops_ingest.normaliser import batches, repository

from tests.ingest.spine import spine_of

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
async def spine(ingest, monkeypatch):
    """One that reads two deliveries at a time, and the next two ahead."""
    monkeypatch.setattr(batches, "BATCH_DELIVERIES", 2)
    monkeypatch.setattr(batches, "BEHIND", 0)
    spine = await spine_of(ingest)
    yield spine
    await spine.normaliser.leave()


async def send(ingest, source, count: int) -> None:
    for n in range(count):
        data = {"actor": {"external_id": "u1"}, "text": str(n)}
        body = {"type": "comment.created", "timestamp": "2026-11-22T08:00:00Z", "data": data}
        answer = await ingest.knock_signed(source, json.dumps(body).encode(), id_=f"msg_{n}")
        assert answer.status_code == 202


async def texts(spine) -> list[str]:
    return [event.activity.text for event in await spine.published()]


async def test_batches_that_are_read_ahead_keep_their_order(ingest, spine) -> None:
    await send(ingest, await ingest.add_source(), 7)
    await spine.run()
    assert await texts(spine) == [str(n) for n in range(7)]
    assert (await spine.quality())["normalised"] == 7


async def test_a_batch_that_is_not_stored_comes_again_before_what_was_read_ahead(
    ingest, spine, monkeypatch
) -> None:
    await send(ingest, await ingest.add_source(), 6)
    assert await spine.normaliser.step()

    async def fail(*_) -> None:
        raise ConnectionError("the database is away")

    with monkeypatch.context() as broken:
        broken.setattr(repository, "write_ledger", fail)
        with pytest.raises(ConnectionError):
            await spine.normaliser.step()
    await spine.run()
    assert await texts(spine) == [str(n) for n in range(6)]
    assert (await spine.quality())["normalised"] == 6


async def test_a_mapping_counts_for_what_was_read_ahead_before_it(ingest, spine) -> None:
    source = await ingest.add_source()
    await send(ingest, source, 4)
    assert await spine.normaliser.step()
    rule = {
        "type": "share.created",
        "occurred_at": "=item.timestamp",
        "actor": {"external_id": "=item.data.actor.external_id"},
    }
    changed = await ingest.call(
        "PATCH",
        f"/sources/{source['id']}",
        {"mapping": {"applies_to": "all", "activities": [rule]}},
        headers={"If-Match": "*"},
    )
    assert changed.status_code == 200, changed.text
    await spine.run()
    types = [event.activity.type for event in await spine.published()]
    assert types == ["comment.created"] * 2 + ["share.created"] * 2
