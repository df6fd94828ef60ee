"""Whatever arrives in whatever order: the numbers are those of a naive count of what stands."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.insights import naive
from tests.insights.histories import History, histories
from tests.insights.running import RunningInsights, get, running_insights

pytestmark = pytest.mark.slow

QUIET = settings(
    max_examples=examples(8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
async def insights(tmp_path: Path) -> AsyncIterator[RunningInsights]:
    async with running_insights(tmp_path) as running:
        yield running


async def told(insights: RunningInsights, history: History) -> httpx.AsyncClient:
    await history.begin(insights)
    for batch in history.batches:
        await insights.apply(*batch)
    return insights.client(history.slug)


def span(history: History, granularity: str) -> dict[str, str]:
    days = {"minute": 13, "hour": 40}.get(granularity, 70)
    begin = history.now - timedelta(days=days)
    return {"from_": naive.shown(begin), "to": naive.shown(history.now + timedelta(hours=25))}


async def asked(
    client: httpx.AsyncClient, history: History, granularity: str, **query: Any
) -> dict[Any, Any]:
    """(start, group) → item."""
    found = await get(
        client, "/metrics/query", granularity=granularity, **span(history, granularity), **query
    )
    groups = query.get("group_by", ())
    items = {
        (item["start"], tuple(item["group"][name] for name in groups)): item
        for item in found["items"]
    }
    assert len(items) == len(found["items"])
    return items


def within(activities: list[Any], items: dict[Any, Any], granularity: str) -> list[Any]:
    """Those of the activities whose period was asked for."""
    starts = {start for start, _group in items}
    return [a for a in activities if naive.start_of(a, granularity) in starts]


def nonzero(items: dict[Any, Any]) -> dict[Any, Any]:
    return {key: item["value"] for key, item in items.items() if item["value"]}


QUESTIONS: list[tuple[list[str], dict[str, str]]] = [
    ([], {}),
    (["channel"], {}),
    (["content"], {}),
    (["region"], {}),
    (["type"], {}),
    (["content", "region"], {}),
    (["region", "channel"], {}),
    (["type", "content", "platform"], {}),
    (["channel", "content", "type", "region"], {}),
    (["region"], {"content": "v1"}),
    (["content"], {"region": "CN-ZJ"}),
    ([], {"content": "v1", "region": "CN-ZJ"}),
    (["type"], {"region": "CN-SH"}),
]
"""Groups and filters that between them read every level of the rollups."""


@QUIET
@given(
    history=histories(),
    metric=st.sampled_from(sorted(naive.MEASURES)),
    granularity=st.sampled_from(["hour", "day", "week", "month"]),
)
async def test_every_group_counts_what_stands(
    insights: RunningInsights, history: History, metric: str, granularity: str
) -> None:
    client = await told(insights, history)
    whole = await asked(client, history, granularity, metric="activities")
    standing = within(history.standing, whole, granularity)
    for group_by, filters in QUESTIONS:
        for name in ("activities", metric):
            items = await asked(
                client, history, granularity, metric=name, group_by=group_by, **filters
            )
            expected = naive.cells(standing, name, granularity, tuple(group_by), **filters)
            assert nonzero(items) == dict(expected), (name, group_by, filters)


@QUIET
@given(history=histories())
async def test_minutes_count_what_stands(insights: RunningInsights, history: History) -> None:
    client = await told(insights, history)
    items = await asked(client, history, "minute", metric="activities")
    standing = within(history.standing, items, "minute")
    assert nonzero(items) == dict(naive.cells(standing, "activities", "minute"))


@QUIET
@given(history=histories(), metric=st.sampled_from(sorted(naive.MEASURES)))
async def test_corrections_are_what_became_known_of_a_day_after_it_was_final(
    insights: RunningInsights, history: History, metric: str
) -> None:
    client = await told(insights, history)
    items = await asked(client, history, "day", metric=metric)
    found = {start: item["corrections"] for (start, _), item in items.items()}
    expected = naive.corrections(history.events, metric)
    assert found == {start: expected[start] for start in found}


@QUIET
@given(history=histories(), granularity=st.sampled_from(["day", "week", "month"]))
async def test_distinct_actors_are_those_who_were_active(
    insights: RunningInsights, history: History, granularity: str
) -> None:
    client = await told(insights, history)
    whole = await asked(client, history, granularity, metric="active_actors")
    standing = within(history.standing, whole, granularity)
    assert nonzero(whole) == naive.active_actors(standing, granularity)
    each = await asked(client, history, granularity, metric="active_actors", group_by=["channel"])
    assert nonzero(each) == naive.active_actors(standing, granularity, by_channel=True)


@QUIET
@given(history=histories(), data=st.data())
async def test_folding_each_batch_equals_rebuilding_from_the_whole_list(
    insights: RunningInsights, history: History, data: st.DataObject
) -> None:
    await history.begin(insights)
    await insights.swap(1)
    client = insights.client(history.slug)
    events = history.events
    for number, batch in enumerate(history.batches, 2):
        await insights.apply(*batch)
        done = sum(len(b) for b in history.batches[: number - 1])
        folded = await everything(client, history)
        # A generation of its own, from the beginning, cut into other batches.
        cuts = sorted(data.draw(st.lists(st.integers(0, done), max_size=2)))
        for begin, end in pairwise([0, *cuts, done]):
            await insights.apply(*events[begin:end], generation=1000 + number)
        await insights.swap(1000 + number)
        rebuilt = await everything(client, history)
        await insights.swap(1)
        assert rebuilt == folded
    await forget(insights)


async def forget(insights: RunningInsights) -> None:
    """Generations of one example must not meet those of the next."""
    async with insights.runtime.database.write() as session:
        connection = await session.connection()
        for table in insights.runtime.service.metadata.sorted_tables:
            if "generation" in table.c and table.name != "rebuild":
                await connection.execute(table.delete())


async def everything(client: httpx.AsyncClient, history: History) -> list[Any]:
    answers = [await get(client, "/contents/performance")]
    for granularity, group_by in (
        ("hour", ["type", "content"]),
        ("day", ["channel", "type"]),
        ("day", ["content", "region"]),
        ("month", []),
    ):
        answers.append(
            await get(
                client,
                "/metrics/query",
                metric=["activities", "engagements"],
                granularity=granularity,
                group_by=group_by,
                **span(history, granularity),
            )
        )
    days = span(history, "day")
    answers.append(await get(client, "/metrics/query", metric="active_actors", **days))
    return answers
