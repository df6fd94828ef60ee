"""A generation made anew from the same events answers every question alike."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mediaops_common.events import ActivityRecorded, ActivityRetracted, Event

from tests.crm import naive
from tests.crm.histories import History, checked, histories
from tests.crm.running import RunningCrm, get


async def every_answer(client: httpx.AsyncClient, history: History) -> list[Any]:
    span = {"from_": history.today - timedelta(days=95), "to": history.today + naive.DAY}
    found = []
    for channel_id in (None, *history.channels):
        one = {"channel_id": channel_id}
        found.append(await get(client, "/stickiness", **span, **one))
        found.append(await get(client, "/stickiness/histogram", **one))
        found.append(await get(client, "/growth", period="week", **span, **one))
        for kind in ("on", "on_or_after", "bracket", "consecutive"):
            found.append(await get(client, "/retention", kind=kind, **span, **one))
    found.append(await get(client, "/lifecycle"))
    page = await get(client, "/profiles", limit=3)
    found.append(page)
    for profile in page["items"]:
        found.append(await get(client, f"/profiles/{profile['id']}"))
    if page["next"]:
        found.append(await get(client, "/profiles", limit=1000, after=page["next"]))
    return found


def other_order(events: list[Event], order: Any) -> list[Event]:
    """Another order that lanes allow: those of one actor on one channel stay as they are."""
    lanes: dict[Any, list[Event]] = {}
    for event in events:
        assert isinstance(event, ActivityRecorded | ActivityRetracted)
        assert event.activity.actor is not None
        key = (event.activity.actor.external_id, event.activity.channel_id)
        lanes.setdefault(key, []).append(event)
    found = []
    while lanes:
        key = order.choice(sorted(lanes))
        found.append(lanes[key].pop(0))
        if not lanes[key]:
            del lanes[key]
    return found


@pytest.mark.slow
@checked(4)
@given(histories(), st.randoms(use_true_random=False))
async def test_every_answer_is_the_same_after_the_swap(
    crm: RunningCrm, history: History, order: Any
) -> None:
    await crm.swap(1)
    await history.begin(crm)
    for batch in history.batches:
        await crm.apply(*batch)
    client = crm.client(history.slug)
    before = await every_answer(client, history)
    again = other_order([event for batch in history.batches for event in batch], order)
    for start in range(0, len(again), 7):
        await crm.apply(*again[start : start + 7], generation=2)
    assert await every_answer(client, history) == before, "the live one is left alone"
    await crm.swap(2)
    assert await every_answer(client, history) == before
