"""What periods are, and what they are compared with."""

from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from mediaops_insights.metrics.periods import compared, period_at, periods

from tests.insights.builders import recorded
from tests.insights.running import RunningInsights, get, series

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def starts(granularity: str, from_: str, to: str, zone: str = "Asia/Shanghai") -> list[str]:
    return [period.start for period in periods(granularity, from_, to, zone, NOW)]


def against(how: str, granularity: str, from_: str, to: str, zone: str = "UTC") -> list[str]:
    shown = periods(granularity, from_, to, zone, NOW)
    return [period.start for period in compared(how, shown, zone)]


def test_weeks_are_iso_weeks_and_those_that_the_range_touches_are_whole() -> None:
    found = periods("week", "2026-11-11", "2026-11-16", "Asia/Shanghai", NOW)
    assert [(p.start, p.last_day) for p in found] == [
        ("2026-11-09", date(2026, 11, 15)),
        ("2026-11-16", date(2026, 11, 22)),
    ]


def test_months_are_calendar_months() -> None:
    assert starts("month", "2025-12-31", "2026-02-01") == ["2025-12-01", "2026-01-01", "2026-02-01"]


def test_a_day_that_loses_an_hour_has_23_and_one_that_gains_one_25() -> None:
    spring = starts("hour", "2026-03-29", "2026-03-29", "Europe/Berlin")
    autumn = starts("hour", "2026-10-25", "2026-10-25", "Europe/Berlin")
    assert (len(spring), len(autumn)) == (23, 25)
    assert spring[0] == "2026-03-28T23:00:00Z"
    assert len(set(autumn)) == 25


def test_hours_of_a_half_hour_zone_begin_at_the_half() -> None:
    found = starts("hour", "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z", "Asia/Kolkata")
    assert found == ["2026-11-20T09:30:00Z", "2026-11-20T10:30:00Z"]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        # At two it becomes half past two: that hour has its second half only.
        ("2026-10-04", ["2026-10-03T14:30:00Z", "2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z"]),
        # At two it becomes half past one again: the half-hour that is there twice is two.
        ("2026-04-05", ["2026-04-04T14:00:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z"]),
    ],
)
def test_hours_never_overlap_also_where_the_clock_moves_by_half_an_hour(
    day: str, expected: list[str]
) -> None:
    found = periods("hour", day, day, "Australia/Lord_Howe", NOW)
    assert [period.start for period in found[1:4]] == expected
    assert [period.end for period in found[:-1]] == [period.begin for period in found[1:]]
    for period in found:
        assert period_at("hour", period.start, "Australia/Lord_Howe") == period
        last = (period.end - timedelta(seconds=1)).isoformat()
        assert period_at("hour", last, "Australia/Lord_Howe") == period


@pytest.mark.parametrize("granularity", ["minute", "hour"])
def test_an_empty_range_of_moments_has_no_periods(granularity: str) -> None:
    assert starts(granularity, "2026-11-20T10:00:30Z", "2026-11-20T10:00:30Z") == []


def test_a_range_of_moments_touches_the_minutes_it_lies_in() -> None:
    found = starts("minute", "2026-11-20T10:00:30Z", "2026-11-20T10:02:00Z")
    assert found == ["2026-11-20T10:00:00Z", "2026-11-20T10:01:00Z"]


@pytest.mark.parametrize(
    ("how", "granularity", "span", "expected"),
    [
        ("previous_period", "day", ("2026-11-20", "2026-11-22"), ("2026-11-17", "2026-11-19")),
        ("previous_period", "month", ("2026-03-01", "2026-04-30"), ("2026-01-01", "2026-02-01")),
        ("previous_period", "week", ("2026-11-16", "2026-11-22"), ("2026-11-09", "2026-11-09")),
        ("same_weekday", "day", ("2026-11-20", "2026-11-22"), ("2026-11-13", "2026-11-15")),
        ("previous_year", "day", ("2024-02-29", "2024-03-01"), ("2023-02-28", "2023-03-01")),
        ("previous_year", "month", ("2026-02-01", "2026-03-31"), ("2025-02-01", "2025-03-01")),
        ("previous_year", "week", ("2020-12-28", "2021-01-03"), ("2019-12-23", "2019-12-23")),
    ],
)
def test_each_period_is_compared_with_one_of_its_kind(
    how: str, granularity: str, span: tuple[str, str], expected: tuple[str, str]
) -> None:
    found = against(how, granularity, *span)
    assert (found[0], found[-1]) == expected


def test_hours_are_compared_with_as_many_hours_before_also_where_the_clock_changes() -> None:
    day = ("2026-10-26", "2026-10-26")
    found = against("previous_period", "hour", *day, zone="Europe/Berlin")
    assert len(found) == len(set(found)) == 24
    assert found[-1] == "2026-10-25T22:00:00Z"
    weekday = against("same_weekday", "hour", *day, zone="Europe/Berlin")
    # Nine in the morning is compared with nine in the morning, on either side of the change.
    assert weekday[9] == "2026-10-19T07:00:00Z"


def test_a_cell_is_named_by_its_start() -> None:
    assert period_at("week", "2026-11-18", "UTC").start == "2026-11-16"
    assert period_at("hour", "2026-11-20T10:10:00Z", "Asia/Kolkata").start == "2026-11-20T09:30:00Z"


async def test_comparison_adds_the_other_period_to_each_cell(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        recorded("like.created", date(2026, 11, 20)),
        recorded("like.created", date(2026, 11, 19), count=3),
        recorded("view.recorded", date(2026, 11, 19), count=6),
    )
    found = await get(
        acme,
        "/metrics/query",
        metric=["likes", "like_rate"],
        from_="2026-11-20",
        to="2026-11-20",
        compare="previous_period",
    )
    assert [(i["value"], i["compare"]) for i in found["items"]] == [
        (1, {"start": "2026-11-19", "value": 3}),
        (None, {"start": "2026-11-19", "value": 0.5, "numerator": 3, "denominator": 6}),
    ]


async def test_two_periods_that_are_compared_with_the_same_one_both_show_it(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(recorded("like.created", date(2027, 2, 28), count=3))
    found = await get(
        acme,
        "/metrics/query",
        metric="likes",
        from_="2028-02-28",
        to="2028-02-29",
        compare="previous_year",
    )
    assert [item["compare"] for item in found["items"]] == [
        {"start": "2027-02-28", "value": 3},
        {"start": "2027-02-28", "value": 3},
    ]


async def test_a_group_of_the_other_period_alone_is_shown_with_0(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(recorded("like.created", date(2026, 11, 19), content="old"))
    found = await get(
        acme,
        "/metrics/query",
        metric="likes",
        group_by="content",
        from_="2026-11-20",
        to="2026-11-20",
        compare="previous_period",
    )
    assert [(i["group"], i["value"], i["compare"]["value"]) for i in found["items"]] == [
        ({"content": "old"}, 0, 1)
    ]


async def test_a_week_shows_all_its_days_whatever_part_the_range_names(
    insights: RunningInsights, acme: httpx.AsyncClient
) -> None:
    await insights.apply(
        *(recorded("like.created", date(2026, 11, 9) + timedelta(days=n)) for n in range(7))
    )
    whole = await series(acme, "likes", granularity="week", from_="2026-11-09", to="2026-11-15")
    part = await series(acme, "likes", granularity="week", from_="2026-11-12", to="2026-11-12")
    assert whole == part == [7]


async def test_without_a_range_the_newest_periods_are_shown(acme: httpx.AsyncClient) -> None:
    for granularity, count in (("minute", 61), ("hour", 25), ("day", 28), ("week", 12)):
        found = await get(acme, "/metrics/query", metric="likes", granularity=granularity)
        assert len(found["items"]) in (count, count - 1, count + 1), granularity
        assert found["items"][-1]["start"] >= "2026-11-16"
