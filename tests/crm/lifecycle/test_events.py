"""Lifecycle changes are told once each, in an unbroken chain, by activities and by the clock."""

from datetime import date, timedelta

import httpx
import pytest
from hypothesis import given
from mediaops_common.events import LifecycleChanged
from mediaops_common.ids import workspace_id
from mediaops_common.zones import day_of
from mediaops_crm.lifecycle.jobs import MOVE_BY_CLOCK

from tests.builders import noon
from tests.crm import naive
from tests.crm.builders import an_activity, recorded, retracted
from tests.crm.histories import History, checked, histories
from tests.crm.running import RunningCrm, get

pytestmark = pytest.mark.databases("sqlite", "postgresql")

DAY = date(2026, 11, 22)


def said(events: list[LifecycleChanged]) -> list[tuple[str | None, str, str]]:
    return [(event.from_state, event.to_state, event.cause) for event in events]


async def test_a_person_is_new_then_moves_with_the_clock_and_comes_back(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    first = recorded("ada", DAY)
    await crm.apply(first)
    for days in range(1, 41):
        crm.clock.moment = noon(DAY + timedelta(days=days))
        await crm.run(MOVE_BY_CLOCK)
        await crm.run(MOVE_BY_CLOCK)
    back = recorded("ada", DAY + timedelta(days=40))
    await crm.apply(back, recorded("ada", DAY + timedelta(days=40)))
    events = await crm.told(LifecycleChanged)
    assert said(events) == [
        (None, "new", "activity"),
        ("new", "active", "clock"),
        ("active", "at_risk", "clock"),
        ("at_risk", "dormant", "clock"),
        ("dormant", "churned", "clock"),
        ("churned", "resurrected", "activity"),
    ]
    assert [event.version for event in events] == [1, 2, 3, 4, 5, 6]
    assert [(event.day - DAY).days for event in events] == [0, 7, 8, 15, 31, 40]
    assert events[0].activity_id == first.activity.id
    assert events[1].activity_id is None
    assert events[0].profile_id == events[5].profile_id


async def test_the_clock_moves_each_workspace_at_its_own_midnight(crm: RunningCrm) -> None:
    await crm.apply(recorded("ada", DAY))
    await crm.run(MOVE_BY_CLOCK)
    midnight = noon(DAY + timedelta(days=7)) - timedelta(hours=12)
    crm.clock.moment = midnight - timedelta(seconds=1)
    await crm.run(MOVE_BY_CLOCK)
    assert len(await crm.told(LifecycleChanged)) == 1
    crm.clock.moment = midnight
    await crm.run(MOVE_BY_CLOCK)
    assert said(await crm.told(LifecycleChanged))[1:] == [("new", "active", "clock")]


async def test_answers_follow_the_clock_before_anybody_was_told(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    await crm.apply(recorded("ada", DAY))
    crm.clock.moment = noon(DAY + timedelta(days=10))
    (profile,) = (await get(acme, "/profiles", lifecycle="at_risk"))["items"]
    assert profile["lifecycle"] == "at_risk"
    assert (await get(acme, "/profiles", lifecycle="new"))["items"] == []
    counts = (await get(acme, "/lifecycle"))["items"]
    assert {row["state"]: row["profiles"] for row in counts} == {
        "new": 0,
        "resurrected": 0,
        "active": 0,
        "at_risk": 1,
        "dormant": 0,
        "churned": 0,
    }


async def test_who_never_was_is_said_to_be_retracted(crm: RunningCrm) -> None:
    activity = an_activity("ada", DAY)
    await crm.apply(recorded("ada", DAY, id=activity.id))
    await crm.apply(retracted(activity))
    assert said(await crm.told(LifecycleChanged))[1:] == [("new", "retracted", "activity")]


async def test_a_rebuild_says_nothing_and_the_swap_repeats_nothing(crm: RunningCrm) -> None:
    events = [recorded("ada", DAY - timedelta(days=20)), recorded("bob", DAY)]
    await crm.apply(*events)
    await crm.run(MOVE_BY_CLOCK)
    before = await crm.told(LifecycleChanged)
    await crm.apply(*events, generation=2)
    await crm.swap(2)
    await crm.run(MOVE_BY_CLOCK)
    assert await crm.told(LifecycleChanged) == before
    await crm.apply(recorded("ada", DAY))
    assert said(await crm.told(LifecycleChanged))[2:] == [("dormant", "active", "activity")]


@pytest.mark.databases
@pytest.mark.slow
@checked(8)
@given(histories())
async def test_what_was_told_is_an_unbroken_chain_that_ends_with_the_truth(
    crm: RunningCrm, history: History
) -> None:
    await history.begin(crm)
    start = await crm.end()
    for days, batch in enumerate(history.batches):
        crm.clock.moment = history.now + timedelta(days=days)
        await crm.apply(*batch)
        if days % 2:
            await crm.run(MOVE_BY_CLOCK)
    crm.clock.moment = history.now + timedelta(days=9)
    await crm.run(MOVE_BY_CLOCK)
    workspace = workspace_id(history.slug)
    chains: dict = {}
    for event in await crm.told(LifecycleChanged, workspace_id=workspace, after=start):
        told = chains.setdefault(event.profile_id, [])
        assert event.from_state == (told[-1].to_state if told else None)
        assert event.from_state != event.to_state
        assert event.version == len(told) + 1
        told.append(event)
    last = sorted(c[-1].to_state for c in chains.values() if c[-1].to_state != "retracted")
    today = day_of(crm.clock.now(), history.timezone)
    who = naive.active(history.standing)
    assert last == sorted(naive.lifecycle(days, today) for days in who.values())
