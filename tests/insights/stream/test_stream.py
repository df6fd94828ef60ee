"""`GET /insights/v1/stream`: what changes is told in order, and can be resumed."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mediaops_common.ids import workspace_id
from mediaops_common.lease import Lease, LeaseLost
from mediaops_insights.stream import repository, service
from mediaops_insights.stream.jobs import forget_old_events, tell_changes

from tests.builders import channel
from tests.insights.builders import recorded
from tests.insights.running import NOW, RunningInsights
from tests.insights.stream.listening import Told, listening, something
from tests.locks import waits


async def test_a_changed_minute_is_told_with_its_whole_state(insights: RunningInsights) -> None:
    async with listening(insights) as ear:
        opened = await ear.next()
        assert opened == Told(0, "stream.opened", {"workspace": "acme"})
        await something(insights)
        await something(insights)
        for number in (1, 2):
            told = await ear.next()
            assert told is not None
            assert (told.id, told.type) == (number, "metrics.minute")
            assert told.content == {
                "start": "2026-11-22T12:00:00Z",
                "metrics": {"activities": number, "views": 0, "engagements": 3 * number},
                "types": {"like.created": number},
                "channels": {
                    str(channel("main")): {
                        "activities": number,
                        "views": 0,
                        "engagements": 3 * number,
                    }
                },
            }


async def test_nothing_stands_between_the_stream_and_its_client(insights: RunningInsights) -> None:
    async with listening(insights) as ear:
        assert ear.status == 200
        assert ear.headers["content-type"].startswith("text/event-stream")
        assert ear.headers["cache-control"] == "no-store"
        assert ear.headers["x-accel-buffering"] == "no"
        assert "content-length" not in ear.headers


async def test_a_client_that_comes_back_hears_what_it_missed_and_nothing_twice(
    insights: RunningInsights,
) -> None:
    for minutes in (5, 4, 3):
        await something(insights, minutes_ago=minutes)
    async with listening(insights, last=1) as ear:
        opened = await ear.next()
        assert opened is not None
        assert opened.id == 1
        heard = [await ear.next(), await ear.next()]
        await something(insights, minutes_ago=2)
        heard.append(await ear.next())
    assert [told and told.id for told in heard] == [2, 3, 4]


async def test_a_new_client_hears_only_what_comes_from_now_on(insights: RunningInsights) -> None:
    await something(insights)
    async with listening(insights) as ear:
        opened = await ear.next()
        assert opened is not None
        assert opened.id == 1
        await something(insights)
        told = await ear.next()
        assert told is not None
        assert told.id == 2


@pytest.mark.parametrize("last", [99, "9" * 30])
async def test_an_id_of_another_stream_is_told_to_begin_anew(
    insights: RunningInsights, last: int | str
) -> None:
    await something(insights)
    async with listening(insights, last=last) as ear:
        first = await ear.next()
        assert first is not None
        assert (first.type, first.id) == ("stream.reset", 1)


async def test_an_id_that_is_forgotten_is_told_to_begin_anew(insights: RunningInsights) -> None:
    await something(insights)
    await something(insights)
    insights.clock.moment = NOW + timedelta(hours=25)
    await forget_old_events(insights.runtime)
    async with listening(insights, last=1) as ear:
        first = await ear.next()
        assert first is not None
        assert (first.type, first.id) == ("stream.reset", 2)
    async with listening(insights, last=2) as ear:
        first = await ear.next()
        assert first is not None
        assert first.type == "stream.opened"


async def test_an_empty_last_event_id_is_none(insights: RunningInsights) -> None:
    await something(insights)
    async with listening(insights, last="") as ear:
        first = await ear.next()
        assert first is not None
        assert (first.type, first.id) == ("stream.opened", 1)


@pytest.mark.databases("sqlite", "postgresql")
async def test_long_events_are_read_a_few_at_once_and_dropped_in_slices(
    insights: RunningInsights, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await something(insights)
    database, acme = insights.runtime.database, workspace_id("acme")
    async with database.read() as session:
        length = len(json.dumps((await service.events_after(session, acme, 0))[0].content))
        monkeypatch.setattr(service, "READ_SIZE", 2 * length)
        read = [await service.events_after(session, acme, number) for number in (0, 2, 4, 5)]
        assert [[event.id for event in events] for events in read] == [[1, 2], [3, 4], [5], []]
        monkeypatch.setattr(service, "READ_SIZE", 1)
        assert [event.id for event in await service.events_after(session, acme, 0)] == [1]
    drop, dropped = repository.drop_before, []

    async def counted(*arguments: Any) -> int:
        dropped.append(await drop(*arguments))
        return dropped[-1]

    monkeypatch.setattr(repository, "drop_before", counted)
    monkeypatch.setattr(service, "DROPPED_AT_ONCE", 2)
    await service.forget_old(database, NOW)
    await service.forget_old(database, NOW + timedelta(seconds=1))
    assert dropped == [0, 2, 2, 1]


async def test_a_last_event_id_that_is_no_number_is_refused(insights: RunningInsights) -> None:
    client = insights.client()
    answer = await client.get("/insights/v1/stream", headers={"Last-Event-ID": "-1"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Last-Event-ID"


async def test_each_workspace_hears_its_own_and_its_ids_tell_nothing_of_others(
    insights: RunningInsights,
) -> None:
    async with listening(insights) as ours, listening(insights, "globex") as theirs:
        assert await ours.next()
        assert await theirs.next()
        for _ in range(3):
            await something(insights, workspace="globex")
        await something(insights)
        told = await ours.next()
        assert told is not None
        assert told.id == 1
        heard = [await theirs.next() for _ in range(3)]
        assert [one and one.id for one in heard] == [1, 2, 3]
        assert ours.queue.empty()


async def test_a_silent_stream_says_that_it_is_alive_and_ends_with_the_process(
    insights: RunningInsights,
) -> None:
    insights.runtime.settings = insights.runtime.settings.model_copy(
        update={"stream_heartbeat_seconds": 0.05}
    )
    async with listening(insights) as ear:
        await ear.next()
        await asyncio.sleep(0.3)
        assert ": alive" in ear.comments
        insights.runtime.stopping.set()
        assert await ear.next(2.0) is None


async def test_a_stream_ends_in_time_so_that_a_revoked_token_loses_it(
    insights: RunningInsights,
) -> None:
    insights.runtime.settings = insights.runtime.settings.model_copy(
        update={"stream_connection_seconds": 0.1, "stream_heartbeat_seconds": 0.05}
    )
    async with listening(insights) as ear:
        await ear.next()
        assert await ear.next(2.0) is None


async def test_what_is_old_is_not_told(insights: RunningInsights) -> None:
    await something(insights, minutes_ago=130)
    assert await insights.write_stream() == 0


async def test_a_rebuild_tells_nothing(insights: RunningInsights) -> None:
    await insights.apply(recorded("like.created", NOW), generation=7)
    assert await insights.write_stream() == 0


async def test_a_writer_that_lost_its_lease_writes_nothing(insights: RunningInsights) -> None:
    await insights.apply(recorded("like.created", NOW))
    with pytest.raises(LeaseLost):
        await service.write_events(
            insights.runtime.database,
            Lease("stream-writer", "gone", 0, 0.0),
            NOW,
            service.Paces(),
        )
    assert await insights.write_stream() == 1


async def test_the_writer_tells_changes_by_itself(
    insights: RunningInsights, tmp_path: Path
) -> None:
    stopping = asyncio.Event()
    writer = asyncio.create_task(tell_changes(insights.runtime, stopping))
    async with listening(insights) as ear:
        await ear.next()
        await insights.apply(recorded("like.created", NOW))
        told = await ear.next(5.0)
        assert told is not None
        assert told.content["metrics"]["activities"] == 1
    stopping.set()
    await asyncio.wait_for(writer, 5)


async def test_a_stream_ends_when_its_token_expires(insights: RunningInsights) -> None:
    async with listening(insights) as ear:
        await ear.next()
        insights.clock.moment += timedelta(days=4001)
        assert await ear.next(2.0) is None


async def test_a_stream_ends_when_its_token_is_revoked(
    insights: RunningInsights, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_revoked = False
    denied = insights.runtime.authenticator.denied
    monkeypatch.setattr(denied, "holds", lambda jti: is_revoked)
    async with listening(insights) as ear:
        await ear.next()
        is_revoked = True
        assert await ear.next(2.0) is None


@pytest.mark.databases("postgresql")
async def test_a_batch_and_the_writer_wait_for_each_other_in_no_circle(
    insights: RunningInsights,
) -> None:
    database, acme = insights.runtime.database, workspace_id("acme")
    for minute in (8, 7):  # they lie in this order
        async with database.write() as session:
            await repository.mark(session, [(acme, minute)])

    async def take() -> list[int]:
        async with database.write() as session:
            connection = await session.connection()
            for how in ("indexscan", "indexonlyscan", "bitmapscan"):
                await connection.exec_driver_sql(f"SET LOCAL enable_{how} = off")
            return await repository.take_marks(session, acme)

    async with database.write() as session:
        await repository.mark(session, [(acme, 7)])
        taking = asyncio.create_task(take())
        assert await waits(database, taking)
        await repository.mark(session, [(acme, 8)])
    assert await taking == [7, 8]
