"""Growth over HTTP: calendar periods; the numbers are in test_numbers.py."""

from datetime import UTC, date, datetime, timedelta

import httpx

from tests.crm.builders import recorded
from tests.crm.running import RunningCrm, get

DAY = date(2026, 11, 22)  # a Sunday


async def test_periods_are_calendar_ones_and_whole(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    await crm.apply(recorded("ada", date(2026, 11, 16)), recorded("bob", date(2026, 11, 2)))
    query = {"from_": "2026-11-18", "to": "2026-11-24"}
    weeks = (await get(acme, "/growth", period="week", **query))["items"]
    assert [(row["start"], row["active"]) for row in weeks] == [
        ("2026-11-16", 1),
        ("2026-11-23", 0),
    ]
    months = (await get(acme, "/growth", period="month", **query))["items"]
    assert [(row["start"], row["new"]) for row in months] == [("2026-11-01", 2)]
    days = (await get(acme, "/growth", **query))["items"]
    assert [row["start"] for row in days] == [f"2026-11-{day}" for day in range(18, 25)]


async def test_everybody_is_in_one_place(crm: RunningCrm, acme: httpx.AsyncClient) -> None:
    week = timedelta(days=7)
    await crm.apply(
        *(recorded("stays", DAY - n * week) for n in range(4)),
        *(recorded("returns", DAY - n * week) for n in (3, 0)),
        recorded("left", DAY - week),
        recorded("new", DAY),
    )
    await crm.pass_watermarks(datetime(2026, 11, 23, 16, tzinfo=UTC))
    (row,) = (await get(acme, "/growth", from_=DAY, to=DAY, period="week"))["items"]
    assert row == {
        "start": "2026-11-16",
        "active": 3,
        "new": 1,
        "retained": 1,
        "resurrected": 1,
        "churned": 1,
        "quick_ratio": {"numerator": 2, "denominator": 1, "value": 2.0, "grade": "final"},
    }


async def test_without_anybody_gone_there_is_no_ratio(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    await crm.apply(recorded("ada", DAY))
    (row,) = (await get(acme, "/growth", from_=DAY, to=DAY))["items"]
    assert row["quick_ratio"]["value"] is None
    assert row["quick_ratio"]["numerator"] == 1


async def test_a_period_that_is_not_over_is_provisional(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    await crm.pass_watermarks(datetime(2026, 11, 22, 12, tzinfo=UTC))
    rows = (await get(acme, "/growth", from_="2026-10-01", to=DAY, period="month"))["items"]
    assert [row["quick_ratio"]["grade"] for row in rows] == ["final", "provisional"]
