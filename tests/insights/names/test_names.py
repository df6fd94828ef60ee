"""Numbers of names are the same for ever, and nothing is remembered that was not committed."""

from datetime import date
from uuid import UUID

import httpx
import pytest
from mediaops_insights.names import service as names
from mediaops_insights.names.service import Kind

from tests.insights.builders import recorded
from tests.insights.running import RunningInsights, get

pytestmark = pytest.mark.databases("sqlite", "postgresql")

DAY = date(2026, 11, 20)


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
