"""What platforms report: increases, levels, corrections and retractions."""

from datetime import UTC, date, datetime, timedelta

import httpx
import msgspec

from tests.builders import channel
from tests.insights.builders import a_snapshot, recorded
from tests.insights.running import RunningInsights, get, series

DAYS = {"from_": "2026-11-18", "to": "2026-11-21"}


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


async def test_a_counter_tells_by_how_much_it_rose_on_each_day(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        a_snapshot("views", 100, at(17)),
        a_snapshot("views", 130, at(18, 2)),
        a_snapshot("views", 150, at(18, 9)),
        a_snapshot("views", 400, at(20)),
    )
    assert await series(acme, "views_reported", **DAYS) == [50, 0, 250, 0]
    assert await series(acme, "views_reported", granularity="month", **DAYS) == [400]


async def test_a_daily_report_goes_before_the_counter(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        a_snapshot("views", 100, at(18)),
        a_snapshot("views", 170, at(19)),
        a_snapshot("views", 60, at(20), kind="daily", day=date(2026, 11, 19)),
    )
    assert await series(acme, "views_reported", **DAYS) == [100, 60, 0, 0]


async def test_a_channels_own_counter_goes_before_the_sum_of_its_contents(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        a_snapshot("views", 100, at(18)),
        a_snapshot("views", 30, at(18), content="v1"),
        a_snapshot("views", 40, at(18), content="v2"),
        a_snapshot("views", 7, at(18), on=channel("side"), content="v1"),
    )
    assert await series(acme, "views_reported", **DAYS) == [107, 0, 0, 0]
    assert await series(acme, "views_reported", content="v1", **DAYS) == [37, 0, 0, 0]
    found = await get(
        acme, "/metrics/query", metric="views_reported", group_by="content",
        from_="2026-11-18", to="2026-11-18",
    )  # fmt: skip
    assert [(i["group"]["content"], i["value"]) for i in found["items"]] == [
        ("v1", 37),
        ("v2", 40),
    ]


async def test_a_level_is_carried_on_until_the_next_reading_but_not_into_the_future(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        a_snapshot("followers", 10, at(17), kind="gauge"),
        a_snapshot("followers", 25, at(19), kind="gauge"),
        a_snapshot("followers", 5, at(20), on=channel("side")),
    )
    span = {"from_": "2026-11-18", "to": "2026-11-24"}
    assert await series(acme, "followers_reported", **span) == [10, 25, 30, 30, 30, 0, 0]
    assert await series(acme, "followers_reported", granularity="week", **span) == [30, 0]
    main = await series(acme, "followers_reported", channel=channel("main"), **DAYS)
    assert main == [10, 25, 25, 25]


async def test_a_cell_of_reports_has_one_value_whichever_range_it_is_asked_in(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        a_snapshot("followers", 10, at(17), kind="daily", day=date(2026, 11, 16)),
        a_snapshot("followers", 9, at(17, 1), kind="gauge"),
        a_snapshot("followers", 99, at(18), content="v1"),
        # This channel is first heard of by its contents, then by a counter of its own.
        a_snapshot("views", 30, at(18), content="v1"),
        a_snapshot("views", 50, at(20)),
    )
    for metric, values in (
        ("followers_reported", {16: 10, 17: 9, 18: 9, 19: 9, 20: 9}),
        ("views_reported", {16: 0, 17: 0, 18: 0, 19: 0, 20: 50}),
    ):
        for first in values:
            span = {"from_": f"2026-11-{first}", "to": "2026-11-20"}
            expected = [value for day, value in values.items() if day >= first]
            assert await series(acme, metric, **span) == expected
        only = {"from_": "2026-11-18", "to": "2026-11-18"}
        assert await series(acme, metric, **only) == [values[18]]


async def test_a_daily_report_is_late_by_the_day_that_it_speaks_of(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    day = {"kind": "daily", "day": date(2026, 11, 18)}
    first = a_snapshot("views", 100, at(19, 2), **day)
    again = msgspec.structs.replace(first, value=90, received_at=at(20), correction=True)
    await insights.apply(first, again)
    found = await get(acme, "/metrics/query", metric="views_reported", **DAYS)
    first_day = found["items"][0]
    assert (first_day["value"], first_day["corrections"]) == (90, 1)


async def test_a_correction_replaces_the_value_and_is_counted_when_it_comes_late(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    first = a_snapshot("views", 100, at(18))
    await insights.apply(first)
    again = msgspec.structs.replace(first, value=90, correction=True, received_at=at(21))
    await insights.apply(again)
    found = await get(acme, "/metrics/query", metric="views_reported", **DAYS)
    first_day = found["items"][0]
    assert (first_day["value"], first_day["corrections"]) == (90, 1)


async def test_a_snapshot_taken_back_says_nothing_unless_another_took_its_place(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    first = a_snapshot("views", 100, at(18))
    gone = msgspec.structs.replace(first, is_retraction=True)
    await insights.apply(first, gone)
    assert await series(acme, "views_reported", **DAYS) == [0, 0, 0, 0]
    second = a_snapshot("views", 80, at(18))
    await insights.apply(second)
    await insights.apply(gone)
    assert await series(acme, "views_reported", **DAYS) == [80, 0, 0, 0]
    await insights.apply(msgspec.structs.replace(second, is_retraction=True))
    assert await series(acme, "views_reported", **DAYS) == [0, 0, 0, 0]


async def test_a_replay_of_reports_on_a_final_day_corrects_it(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    wrong = a_snapshot("views", 100, at(18))
    await insights.apply(wrong)
    gone = msgspec.structs.replace(wrong, is_retraction=True, known_at=at(21))
    await insights.apply(gone, a_snapshot("views", 70, at(18), known_at=at(21)))
    await insights.apply(a_snapshot("views", 75, at(18, 13), known_at=at(19)))
    found = await get(acme, "/metrics/query", metric="views_reported", **DAYS)
    first_day = found["items"][0]
    assert (first_day["value"], first_day["corrections"]) == (75, 2)


async def test_the_order_of_readings_does_not_matter(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    readings = [a_snapshot("views", 10 * n, at(18) + timedelta(hours=n)) for n in range(1, 10)]
    await insights.apply(*reversed(readings[:5]))
    await insights.apply(*reversed(readings[5:]))
    assert sum(await series(acme, "views_reported", **DAYS)) == 90


async def test_what_followers_rose_by_is_compared_with_who_came_and_left(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    evening = datetime(2026, 11, 19, 15, tzinfo=UTC)
    side = channel("side")
    await insights.apply(
        a_snapshot("followers", 100, evening),
        a_snapshot("followers", 112, evening + timedelta(days=1)),
        a_snapshot("followers", 500, evening + timedelta(days=1), on=side),
        *[recorded("follow.created", date(2026, 11, 20), who=str(n)) for n in range(12)],
        recorded("follow.removed", date(2026, 11, 20), who="1"),
        recorded("follow.created", date(2026, 11, 20), on=side),
    )
    # Twelve more by the platform, eleven by the activities; of the side channel one reading says
    # nothing, and neither does any day without two.
    assert await series(acme, "followers_residual", **DAYS) == [None, None, 1, None]
    await insights.apply(recorded("follow.created", date(2026, 11, 20), who="late"))
    assert await series(acme, "followers_residual", **DAYS) == [None, None, 0, None]
    of_side = await series(acme, "followers_residual", channel=side, **DAYS)
    assert of_side == [None] * 4
    found = await get(acme, "/metrics/explain", metric="followers_residual", start="2026-11-20")
    read = [(row["day"], row["value"]) for row in found["rows"] if "day" in row]
    assert sorted(read) == [("2026-11-19", 100), ("2026-11-20", 112)]
    assert found["filled"] == "followers_residual = 12 reported - 12 counted = 0"
