"""How one poller and many listeners share the reading of a stream."""

import asyncio

import pytest
from mediaops_common.ids import workspace_id
from mediaops_insights.stream import hub, service

from tests.insights.builders import recorded
from tests.insights.running import NOW, RunningInsights
from tests.insights.stream.listening import listening, something


async def test_many_clients_are_served_by_one_poller(insights: RunningInsights) -> None:
    from contextlib import AsyncExitStack

    async with AsyncExitStack() as stack:
        ears = [await stack.enter_async_context(listening(insights)) for _ in range(12)]
        for ear in ears:
            assert await ear.next()
        await asyncio.sleep(0.2)
        reads = 0
        read = hub.Hub.read

        async def counted(self: hub.Hub, *args: object) -> object:
            nonlocal reads
            reads += 1
            return await read(self, *args)  # type: ignore[arg-type]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(hub.Hub, "read", counted)
            await something(insights)
            told = [await ear.next() for ear in ears]
        assert {one.id for one in told if one} == {1}
        assert reads < 10


async def test_a_slow_client_reads_from_the_database_what_did_not_wait_for_it(
    insights: RunningInsights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "WAITING", 2)
    stream = insights.runtime.state["hub"]
    workspace_id = recorded("like.created", NOW).activity.workspace_id
    async with stream.listen(workspace_id, 0) as listener:
        assert await listener.next(0.1) == []
        for minutes in range(10):
            await something(insights, minutes_ago=minutes)
            await asyncio.sleep(0.02)
        heard: list[int] = []
        while len(heard) < 10:
            heard += [event.id for event in await listener.next(2.0)]
    assert heard == list(range(1, 11))


async def test_who_comes_while_events_are_read_misses_none(
    insights: RunningInsights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own look was before them, and nothing may follow that would show the gap."""
    stream: hub.Hub = insights.runtime.state["hub"]
    acme, read = workspace_id("acme"), hub.Hub.read
    there, late = hub.Listener(stream, acme, 0), hub.Listener(stream, acme, 0)
    for one in (there, late):
        assert await one.next(0.01) == []
    await something(insights)

    async def slow(self: hub.Hub, *arguments: object) -> object:
        found = await read(self, *arguments)
        stream._listeners.add(late)
        return found

    monkeypatch.setattr(hub.Hub, "read", slow)
    stream._listeners.add(there)
    await stream._hand_out()
    monkeypatch.undo()
    for one in (there, late):
        assert [event.id for event in await one.next(1.0)] == [1]
        stream._listeners.discard(one)


async def test_who_looked_before_another_came_further_on_misses_none(
    insights: RunningInsights,
) -> None:
    """Both come before the first round of the poller, with an event between their looks."""
    stream: hub.Hub = insights.runtime.state["hub"]
    acme = workspace_id("acme")
    early = hub.Listener(stream, acme, 0)
    assert await early.next(0.01) == []
    await something(insights)
    later = hub.Listener(stream, acme, 1)
    stream._listeners |= {early, later}
    await stream._hand_out()
    stream._listeners -= {early, later}
    assert [event.id for event in await early.next(1.0)] == [1]
    assert await later.next(0.01) == []


async def test_who_was_far_behind_hears_at_once_what_comes_when_it_has_caught_up(
    insights: RunningInsights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The poller does not walk through what its listener has read by itself."""
    monkeypatch.setattr(service, "READ_AT_ONCE", 2)
    for minutes in range(20):
        await something(insights, minutes_ago=minutes)
    stream: hub.Hub = insights.runtime.state["hub"]
    listener = hub.Listener(stream, workspace_id("acme"), 0)
    stream._listeners.add(listener)
    await stream._hand_out()  # when it has read nothing yet
    while listener.last < 20:
        assert await listener.next(0.1)
    while await listener.next(0.01):
        pass
    await something(insights)
    await stream._hand_out()
    stream._listeners.discard(listener)
    heard = [event.id for _ in range(5) for event in await listener.next(0.01)]
    assert heard == [21]


async def test_a_gap_that_one_reading_does_not_fill_is_read_to_its_end(
    insights: RunningInsights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "READ_AT_ONCE", 2)
    stream: hub.Hub = insights.runtime.state["hub"]
    acme = workspace_id("acme")
    listener = hub.Listener(stream, acme, 0)
    assert await listener.next(0.01) == []
    for minutes in range(9):
        await something(insights, minutes_ago=minutes)
    listener.offer((await stream.read(acme, 8))[0])
    heard: list[int] = []
    while len(heard) < 9:
        heard += [event.id for event in await listener.next(0.1)]
    assert heard == list(range(1, 10))
