"""Numbers of names are the same for ever, and nothing is remembered that was not committed."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, date, datetime
from uuid import UUID

import httpx
import pytest
from mediaops_common.events import Event
from mediaops_common.ids import workspace_id
from mediaops_insights.names import service as names
from mediaops_insights.names.service import Kind

from tests.builders import channel
from tests.insights.builders import a_publication, a_snapshot, recorded
from tests.insights.running import RunningInsights, get
from tests.locks import waits

pytestmark = pytest.mark.databases("sqlite", "postgresql")

DAY = date(2026, 11, 20)


def like(content: str) -> Event:
    return recorded("like.created", DAY, content=content)


class Undone(Exception):
    pass


async def undone(insights: RunningInsights, place: tuple[UUID, UUID]) -> None:
    async with insights.runtime.database.write() as session:
        await names.number_names(session, Kind.type, ["like.created", "other"])
        await names.number_contents(session, {place: ["v1", "v2"]})
        raise Undone


async def test_a_name_given_in_a_transaction_that_was_undone_is_given_anew(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    activity = recorded("like.created", DAY).activity
    place = (activity.workspace_id, activity.channel_id)
    with pytest.raises(Undone):
        await undone(insights, place)
    await insights.apply(recorded("comment.created", DAY, content="v9"))
    await insights.apply(recorded("like.created", DAY, content="v1"))
    found = await get(
        acme,
        "/metrics/query",
        metric="activities",
        group_by=["type", "content"],
        from_="2026-11-20",
        to="2026-11-20",
    )
    assert [(item["group"], item["value"]) for item in found["items"]] == [
        ({"type": "comment.created", "content": "v9"}, 1),
        ({"type": "like.created", "content": "v1"}, 1),
    ]


async def test_a_name_keeps_its_number_also_when_the_memory_is_full(
    insights: RunningInsights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediaops_insights.names.service.MOST", 3)
    given: dict[str, int] = {}
    for _round in range(2):
        for number in range(6):
            async with insights.runtime.database.write() as session:
                found = await names.number_names(session, Kind.region, [f"R{number}"])
            assert given.setdefault(f"R{number}", found[f"R{number}"]) == found[f"R{number}"]
    async with insights.runtime.database.read() as session:
        told = await names.texts(session, given.values())
    assert {text: number for number, text in told.items()} == given


REPORTED = datetime(2026, 11, 22, 11, tzinfo=UTC)


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize(
    ("tell", "events"),
    [
        (RunningInsights.apply, [like("b"), a_snapshot("views", 5, REPORTED, content="a")]),
        (RunningInsights.apply, [like("a"), a_snapshot("views", 5, REPORTED, content="b")]),
        (RunningInsights.hear, [a_publication("b", REPORTED), a_publication("a", REPORTED)]),
    ],
)
async def test_those_who_meet_new_contents_wait_for_each_other_in_no_circle(
    insights: RunningInsights, tell: Callable[..., Coroutine[None, None, None]], events: list[Event]
) -> None:
    await insights.apply(like("old"))
    place = (workspace_id("acme"), channel("main"))
    database = insights.runtime.database
    async with database.write() as session:
        await names.number_contents(session, {place: ["a"]})
        other = asyncio.create_task(tell(insights, *events, like("old")))
        assert await waits(database, other)
        await insights.apply_within(session, like("old"), like("a"), like("b"))
    await other
    async with database.read() as session:
        numbers = await names.matching_contents(session, place[0], ["a", "b", "old"])
    assert len(numbers) == 3
