"""Which report stands: when others came over it, when it is corrected to elsewhere, taken back, or
told out of its turn."""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import httpx
import pytest
from mediaops_common.db import upsert
from mediaops_common.events import ContentRef, SnapshotRecorded
from mediaops_insights.snapshots.models import COVERED, PLACE, SNAPSHOT
from msgspec.structs import replace
from sqlalchemy import event, select

from tests.builders import channel
from tests.insights.builders import a_snapshot
from tests.insights.running import RunningInsights, get, series

pytestmark = pytest.mark.databases("sqlite", "postgresql")

DAYS = {"from_": "2026-11-18", "to": "2026-11-21"}


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def daily(day: int, value: int, **more: Any) -> SnapshotRecorded:
    return a_snapshot("views", value, at(day + 1, 2), kind="daily", day=date(2026, 11, day), **more)


def taken_back(snapshot: SnapshotRecorded, **more: Any) -> SnapshotRecorded:
    return replace(snapshot, is_retraction=True, **more)


def put_right(snapshot: SnapshotRecorded, **more: Any) -> SnapshotRecorded:
    return replace(snapshot, correction=True, **more)


async def test_a_report_stands_again_when_the_one_over_it_is_taken_back(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    b, a = daily(19, 79), daily(19, 30)
    await insights.apply(b, a)
    assert await series(acme, "views_reported", **DAYS) == [0, 30, 0, 0]
    # A mended mapping reads another day in the second; of the first it says what it said.
    await insights.apply(taken_back(a), daily(18, 30))
    assert await series(acme, "views_reported", **DAYS) == [30, 79, 0, 0]
    explained = await get(acme, "/metrics/explain", metric="views_reported", start="2026-11-19")
    assert [row["value"] for row in explained["rows"]] == [79]
    await insights.apply(taken_back(b))
    assert await series(acme, "views_reported", **DAYS) == [30, 0, 0, 0]


async def test_of_several_over_each_other_the_last_that_is_left_stands(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    reports = [daily(19, value) for value in (10, 20, 30, 40)]
    await insights.apply(reports[0], reports[1])
    await insights.apply(*reports[2:])
    for gone, left in ((1, 40), (3, 30), (2, 10), (0, 0)):
        await insights.apply(taken_back(reports[gone]))
        assert await series(acme, "views_reported", **DAYS) == [0, left, 0, 0]
    await insights.apply(put_right(reports[1], value=25))
    assert await series(acme, "views_reported", **DAYS) == [0, 25, 0, 0]


async def test_a_report_corrected_to_another_day_counts_on_that_day_alone(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    other, first = daily(18, 7), daily(18, 100)
    await insights.apply(other, first)
    await insights.apply(put_right(first, day=date(2026, 11, 19)))
    # What it had come over stands again, as if it had never been there.
    assert await series(acme, "views_reported", **DAYS) == [7, 100, 0, 0]
    moved = put_right(first, day=date(2026, 11, 21), value=90)
    await insights.apply(moved, put_right(moved, day=date(2026, 11, 20)))
    assert await series(acme, "views_reported", **DAYS) == [7, 0, 90, 0]
    await insights.apply(taken_back(moved))
    assert await series(acme, "views_reported", **DAYS) == [7, 0, 0, 0]


async def test_a_reading_corrected_to_another_moment_changes_the_rises_on_both_sides(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    reading = a_snapshot("views", 130, at(18))
    await insights.apply(
        a_snapshot("views", 100, at(17)), reading, a_snapshot("views", 200, at(20))
    )
    assert await series(acme, "views_reported", **DAYS) == [30, 0, 70, 0]
    await insights.apply(put_right(reading, as_of=at(19)))
    assert await series(acme, "views_reported", **DAYS) == [0, 30, 70, 0]
    level = a_snapshot("followers", 10, at(18), kind="gauge")
    await insights.apply(level, a_snapshot("followers", 25, at(20), kind="gauge"))
    await insights.apply(put_right(level, as_of=at(19)))
    assert await series(acme, "followers_reported", **DAYS) == [0, 10, 25, 25]


async def test_a_report_corrected_to_another_content_leaves_the_first(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    first = a_snapshot("views", 40, at(19), content="v1")
    await insights.apply(first)
    await insights.apply(put_right(first, content=ContentRef(external_id="v2")))
    found = await get(
        acme, "/metrics/query", metric="views_reported", group_by="content",
        from_="2026-11-19", to="2026-11-19",
    )  # fmt: skip
    values = {item["group"]["content"]: item["value"] for item in found["items"]}
    assert {name: value for name, value in values.items() if value} == {"v2": 40}
    assert await series(acme, "views_reported", **DAYS) == [0, 40, 0, 0]
    listed = (await get(acme, "/contents/performance"))["items"]
    assert [(c["external_id"], c["views_reported"]) for c in listed] == [("v2", 40)]
    await insights.apply(put_right(first, content=None, metric="reads"))
    assert await series(acme, "views_reported", **DAYS) == [0, 0, 0, 0]


async def test_a_move_between_final_days_corrects_both(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    late = {"known_at": at(24)}
    other, first = daily(18, 7), daily(18, 100)
    await insights.apply(other, first)
    moved = put_right(first, day=date(2026, 11, 19), **late)
    await insights.apply(moved)
    found = await get(acme, "/metrics/query", metric="views_reported", **DAYS)
    assert [item["corrections"] for item in found["items"]] == [1, 1, 0, 0]
    # Nobody saw that one since it was covered: that it goes changes nothing.
    over = daily(18, 8)
    await insights.apply(over, taken_back(other, **late), taken_back(moved, **late))
    found = await get(acme, "/metrics/query", metric="views_reported", **DAYS)
    assert [(i["value"], i["corrections"]) for i in found["items"][:2]] == [(8, 1), (0, 2)]


async def test_what_was_said_earlier_and_comes_later_changes_nothing_said_since(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    first = daily(18, 100)
    newer = put_right(first, day=date(2026, 11, 20), value=90)
    older = put_right(first, day=date(2026, 11, 19), value=95)
    await insights.apply(first, newer, numbers=[11, 15])
    await insights.apply(older, numbers=[13])
    assert await series(acme, "views_reported", **DAYS) == [0, 0, 90, 0]
    # Under one that was said later it lies until that one goes.
    under = daily(20, 50)
    await insights.apply(under, numbers=[12])
    assert await series(acme, "views_reported", **DAYS) == [0, 0, 90, 0]
    await insights.apply(taken_back(newer), numbers=[16])
    assert await series(acme, "views_reported", **DAYS) == [0, 0, 50, 0]
    # Taken back before it came.
    gone = daily(21, 5)
    await insights.apply(taken_back(gone), numbers=[18])
    await insights.apply(gone, numbers=[17])
    assert await series(acme, "views_reported", **DAYS) == [0, 0, 50, 0]


@pytest.mark.parametrize("in_turn", [True, False])
@pytest.mark.parametrize("seed", range(6))
async def test_any_history_comes_to_what_was_said_last_and_a_rebuild_to_the_same(
    insights: RunningInsights, acme: httpx.AsyncClient, seed: int, in_turn: bool
) -> None:
    chance = random.Random(seed)
    history = a_history(chance)
    numbered = list(enumerate(history, 1))
    for number, told in numbered if in_turn else out_of_turn(chance, numbered):
        await insights.apply(told, numbers=[number])
    standing = what_stands(history)
    live = await numbers_of(acme)
    assert live["query"] == {place: value for place, value in standing.items() if value}
    places = sorted({chance.randrange(len(history)) for _ in range(3)} | {0, len(history)})
    for begin, end in pairwise(places):
        part = numbered[begin:end]
        await insights.apply(
            *(told for _, told in part), numbers=[number for number, _ in part], generation=2
        )
    await insights.swap(2)
    rebuilt = await numbers_of(acme)
    if not in_turn:
        # How often a value changed is told of what came, not of what would have come in turn.
        del live["corrections"], rebuilt["corrections"]
    assert rebuilt == live


def a_history(chance: random.Random) -> list[SnapshotRecorded]:
    history: list[SnapshotRecorded] = []
    standing: list[SnapshotRecorded] = []
    for value in range(1, 60):
        place = {
            "day": date(2026, 11, chance.randint(18, 21)),
            "content": ContentRef(external_id=chance.choice(["v1", "v2"])),
            "value": value,
        }
        if standing and chance.random() < 0.6:
            of = standing.pop(chance.randrange(len(standing)))
            told = taken_back(of) if chance.random() < 0.5 else put_right(of, **place)
        else:
            told = replace(daily(18, value), **place)
        if not told.is_retraction:
            standing.append(told)
        history.append(told)
    return history


def out_of_turn(
    chance: random.Random, numbered: list[tuple[int, SnapshotRecorded]]
) -> list[tuple[int, SnapshotRecorded]]:
    """Some of them later than they were said, as what was parked and is tried again."""
    return sorted(numbered, key=lambda one: one[0] + chance.choice([0] * 9 + [20]))


def what_stands(history: list[SnapshotRecorded]) -> dict[tuple[str, str | None], int]:
    """(day, content) → value: each report says what it said last, and the last to speak stands."""
    said: dict[UUID, SnapshotRecorded] = {}
    for told in history:
        said.pop(told.id, None)
        if not told.is_retraction:
            said[told.id] = told
    return {
        (str(told.day), told.content and told.content.external_id): told.value
        for told in said.values()
    }


async def numbers_of(client: httpx.AsyncClient) -> dict[str, Any]:
    found = await get(client, "/metrics/query", metric="views_reported", group_by="content", **DAYS)
    explained = [
        await get(client, "/metrics/explain", metric="views_reported", start=f"2026-11-{day}")
        for day in range(18, 22)
    ]
    performance = (await get(client, "/contents/performance"))["items"]
    return {
        "query": {
            (item["start"], item["group"]["content"]): item["value"]
            for item in found["items"]
            if item["value"]
        },
        "explain": [(one["value"], one["events"]) for one in explained],
        "corrections": [(one["corrections"], one["rows"]) for one in explained],
        "performance": {one["external_id"]: one["views_reported"] for one in performance},
    }


async def test_a_batch_asks_as_often_however_many_reports_it_has(
    insights: RunningInsights,
) -> None:
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    writer = insights.runtime.database.writer.sync_engine
    counts = []
    for day, size in ((18, 5), (19, 50)):
        first = [a_snapshot("views", n, at(day) + timedelta(seconds=n)) for n in range(size)]
        over = [a_snapshot("views", 1, told.as_of) for told in first]
        await insights.apply(*first, *over[: size // 2])
        event.listen(writer, "before_cursor_execute", note)
        asked.clear()
        moved = (put_right(told, metric="reads") for told in first)
        await insights.apply(*map(taken_back, over[: size // 2]), *moved)
        event.remove(writer, "before_cursor_execute", note)
        counts.append(sum("snapshot_" in statement for statement in asked))
    assert counts[0] == counts[1] <= 7


async def test_what_the_version_before_wrote_goes_on(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    """It knows neither numbers nor covered reports, and left a moved report where it had been."""
    moved = daily(19, 100)
    row = {
        "generation": 1,
        "workspace_id": moved.workspace_id,
        "channel_id": channel("main"),
        "content": "",
        "metric": "views",
        "kind": "daily",
        "as_of": moved.as_of,
        "value": 100,
        "snapshot_id": moved.id,
        "is_retracted": False,
        "corrections": 0,
    }
    days = [(date(2026, 11, day) - date(1970, 1, 1)).days for day in (18, 19)]
    for _ in range(2):
        async with insights.runtime.database.write() as session:
            await upsert(
                session,
                SNAPSHOT,
                [{**row, "at": day, "day": day} for day in days],
                key=PLACE,
                replace=["day", "as_of", "value", "snapshot_id", "is_retracted"],
                add=["corrections"],
            )
    assert await series(acme, "views_reported", **DAYS) == [100, 100, 0, 0]
    over = daily(19, 30)
    await insights.apply(over)
    await insights.apply(taken_back(over))
    assert await series(acme, "views_reported", **DAYS) == [100, 100, 0, 0]
    await insights.apply(put_right(moved, value=110, day=date(2026, 11, 20)))
    assert await series(acme, "views_reported", **DAYS) == [0, 0, 110, 0]
    async with insights.runtime.database.read() as session:
        connection = await session.connection()
        assert (await connection.execute(select(COVERED))).all() == []
