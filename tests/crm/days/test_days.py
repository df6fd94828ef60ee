"""The numbers of a day are told when they change, and only then."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from mediaops_common.events import DayComputed
from mediaops_common.ids import workspace_id
from mediaops_common.jobs import run_job
from mediaops_common.lease import raise_fence
from mediaops_common.zones import number_of
from mediaops_crm.days import jobs, service
from mediaops_crm.days.jobs import COMPUTE_TOUCHED
from mediaops_crm.lifecycle.jobs import MOVE_BY_CLOCK

from tests.builders import noon
from tests.crm import naive
from tests.crm.builders import an_activity, recorded, retracted
from tests.crm.histories import History, checked, histories
from tests.crm.running import RunningCrm
from tests.locks import waits

DAY = date(2026, 11, 22)


async def compute(crm: RunningCrm) -> None:
    """All that is due, the past included."""
    crm.runtime.state.pop(jobs.LAST_PAST, None)
    await crm.run(COMPUTE_TOUCHED)


def numbers(event: DayComputed) -> tuple[date, int, int, int, int]:
    return event.day, event.dau, event.wau, event.mau, event.new


async def test_a_day_is_told_again_only_when_its_numbers_changed(crm: RunningCrm) -> None:
    await crm.apply(recorded("ada", DAY))
    await compute(crm)
    await crm.apply(recorded("ada", DAY), recorded("ada", DAY))
    await compute(crm)
    await crm.apply(recorded("bob", DAY))
    await compute(crm)
    events = await crm.told(DayComputed)
    assert [numbers(event) for event in events] == [(DAY, 1, 1, 1, 1), (DAY, 2, 2, 2, 2)]
    assert [event.version for event in events] == [1, 2]


async def test_a_late_first_day_changes_the_days_that_it_reaches(crm: RunningCrm) -> None:
    await crm.apply(recorded("ada", DAY))
    await compute(crm)
    await crm.apply(recorded("ada", DAY - timedelta(days=30)))
    await compute(crm)
    told = {event.day: event for event in await crm.told(DayComputed)}
    assert numbers(told[DAY]) == (DAY, 1, 1, 1, 0)
    first = DAY - timedelta(days=30)
    assert numbers(told[first]) == (first, 1, 1, 1, 1)
    assert numbers(told[first + timedelta(days=27)])[1:] == (0, 0, 1, 0)
    assert first + timedelta(days=28) not in told


async def test_a_retraction_is_told(crm: RunningCrm) -> None:
    activity = an_activity("ada", DAY)
    await crm.apply(recorded("ada", DAY, id=activity.id))
    await compute(crm)
    await crm.apply(retracted(activity))
    await compute(crm)
    assert numbers((await crm.told(DayComputed))[-1]) == (DAY, 0, 0, 0, 0)


async def test_a_new_day_begins_with_its_numbers(crm: RunningCrm) -> None:
    await crm.apply(recorded("ada", DAY))
    await compute(crm)
    crm.clock.moment = noon(DAY + timedelta(days=1))
    await crm.run(MOVE_BY_CLOCK)
    await compute(crm)
    told = [
        numbers(event) for event in await crm.told(DayComputed, workspace_id=workspace_id("acme"))
    ]
    assert told[-1] == (DAY + timedelta(days=1), 0, 1, 1, 0)


async def test_the_past_waits_while_today_is_told_at_once(crm: RunningCrm) -> None:
    await crm.apply(recorded("ada", DAY - timedelta(days=90)))
    await compute(crm)
    count = len(await crm.told(DayComputed))
    await crm.apply(recorded("bob", DAY - timedelta(days=90)), recorded("bob", DAY))
    await crm.run(COMPUTE_TOUCHED)
    later = (await crm.told(DayComputed))[count:]
    assert [event.day for event in later] == [DAY]
    await compute(crm)
    assert len(await crm.told(DayComputed)) > count + 1


@pytest.mark.slow
@checked(8)
@given(histories())
async def test_what_was_told_last_of_each_day_is_true(crm: RunningCrm, history: History) -> None:
    await history.begin(crm)
    start = await crm.end()
    for number, batch in enumerate(history.batches):
        await crm.apply(*batch)
        if number % 2:
            await compute(crm)
    await compute(crm)
    who = naive.active(history.standing)
    told = {}
    workspace = workspace_id(history.slug)
    for event in await crm.told(DayComputed, workspace_id=workspace, after=start):
        assert event.version == (told[event.day].version + 1 if event.day in told else 1)
        told[event.day] = event
    first, last = history.today - timedelta(days=140), history.today + naive.DAY
    for row in naive.stickiness(who, first, last):
        day = date.fromisoformat(row["day"])
        new = sum(min(days) == day for days in who.values())
        counts = (row["dau"], row["wau"], row["mau"], new)
        if day in told:
            assert numbers(told[day])[1:] == counts
        elif day <= history.today:
            assert counts == (0, 0, 0, 0)


async def test_tomorrow_once_told_follows_what_happens_today(crm: RunningCrm) -> None:
    tomorrow = DAY + timedelta(days=1)
    await crm.apply(recorded("ada", noon(tomorrow)))
    await compute(crm)
    await crm.apply(recorded("bob", DAY))
    await compute(crm)
    told = {event.day: event for event in await crm.told(DayComputed)}
    assert numbers(told[tomorrow]) == (tomorrow, 1, 2, 2, 1)


@pytest.mark.databases("sqlite", "postgresql")
async def test_who_was_stopped_while_another_took_over_tells_nothing_older(
    crm: RunningCrm, monkeypatch: pytest.MonkeyPatch
) -> None:
    computing, go_on, stopping = asyncio.Event(), asyncio.Event(), asyncio.Event()
    count = service.compute

    async def stall(*given: Any) -> list[service.DayCounts]:
        counts = await count(*given)
        computing.set()
        await go_on.wait()
        return counts

    await crm.apply(recorded("ada", DAY))
    with monkeypatch.context() as stalled:
        stalled.setattr(service, "compute", stall)
        late = asyncio.create_task(run_job(crm.runtime, COMPUTE_TOUCHED, "late", stopping))
        await computing.wait()
    async with crm.runtime.database.write() as session:
        await raise_fence(session, "job:days.compute")  # as who takes it over does
    await crm.apply(recorded("bob", DAY))
    await compute(crm)
    stopping.set()
    go_on.set()
    await late
    assert [numbers(event) for event in await crm.told(DayComputed)] == [(DAY, 2, 2, 2, 2)]


async def rebuilt(crm: RunningCrm) -> None:
    """The clock's first turn in another generation, which has every day that was told compared."""
    await crm.swap(2)
    await crm.run(MOVE_BY_CLOCK)


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize("job", [compute, rebuilt])
async def test_history_that_comes_in_and_a_job_wait_for_each_other_in_no_circle(
    crm: RunningCrm, job: Callable[[RunningCrm], Coroutine[None, None, None]]
) -> None:
    before, acme = DAY - timedelta(days=1), workspace_id("acme")
    await crm.apply(recorded("ada", before), recorded("ada", DAY))
    if job is rebuilt:
        await compute(crm)  # something was told of both days
    async with crm.runtime.database.write() as session:
        await service.touch(session, acme, [number_of(before)])
        other = asyncio.create_task(job(crm))
        assert await waits(crm.runtime.database, other)
        await service.touch(session, acme, [number_of(DAY)])
    await other
