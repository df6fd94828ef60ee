"""Retention over HTTP: tokens, maturity and cohorts; the numbers are in test_numbers.py."""

from datetime import UTC, date, datetime, timedelta

import httpx

from tests.builders import a_workspace, channel, noon
from tests.crm.builders import recorded
from tests.crm.running import RunningCrm, get

DAY = date(2026, 11, 22)


def back(days: int) -> date:
    return DAY - timedelta(days=days)


async def test_a_cell_is_mature_when_its_last_day_is_over(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    await crm.apply(recorded("ada", back(2)), recorded("bob", back(2)), recorded("ada", back(1)))
    await crm.pass_watermarks(datetime(2026, 11, 22, 16, tzinfo=UTC))
    found = await get(acme, "/retention", from_=back(3), to=DAY, days="1, 2,30")
    assert found == {
        "items": [
            {
                "cohort": "2026-11-20",
                "size": 2,
                "cells": [
                    cell("1", 1, "final", mature=True),
                    cell("2", 0, "provisional", mature=False),
                    cell("30", 0, "provisional", mature=False),
                ],
            }
        ]
    }


async def test_what_may_rise_for_ever_is_never_final(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    await crm.apply(recorded("ada", back(9)), recorded("bob", back(9)), recorded("ada", back(7)))
    await crm.pass_watermarks(datetime(2026, 11, 22, 16, tzinfo=UTC))
    ask = {"from_": back(9), "to": back(9), "days": "1,30"}
    for kind, grade, retained in (("on", "final", 0), ("on_or_after", "provisional", 1)):
        (row,) = (await get(acme, "/retention", kind=kind, **ask))["items"]
        assert row["cells"] == [
            cell("1", retained, grade, mature=True),
            cell("30", 0, "provisional", mature=False),
        ]


def cell(days: str, numerator: int, grade: str, *, mature: bool) -> dict:
    value = numerator / 2
    ratio = {"numerator": numerator, "denominator": 2, "value": value, "grade": grade}
    return {"days": days, "ratio": ratio, "mature": mature}


async def test_a_cell_ripens_at_local_midnight_also_when_the_clock_was_changed(
    crm: RunningCrm,
) -> None:
    await crm.hear(a_workspace("ny", timezone="America/New_York"))
    # The night of 1 November 2026 has 25 hours there.
    zone = {"workspace": "ny", "timezone": "America/New_York"}
    await crm.apply(recorded("ada", noon(date(2026, 10, 31), "America/New_York"), **zone))
    crm.clock.moment = datetime(2026, 11, 1, tzinfo=UTC)
    client = crm.client("ny")
    ripe = {}
    for moment in ("2026-11-02T04:59:59+00:00", "2026-11-02T05:00:00+00:00"):
        crm.clock.moment = datetime.fromisoformat(moment)
        found = await get(client, "/retention", from_="2026-10-31", to="2026-10-31", days="1")
        ripe[moment] = found["items"][0]["cells"][0]["mature"]
    assert list(ripe.values()) == [False, True]


async def test_a_cohort_is_made_of_first_days_over_all_of_history(
    crm: RunningCrm, acme: httpx.AsyncClient
) -> None:
    await crm.apply(recorded("ada", back(400)), recorded("ada", back(2)))
    await crm.apply(recorded("ada", back(2), on=channel("side")), recorded("bob", back(2)))
    whole = await get(acme, "/retention", from_=back(10), to=DAY)
    assert [row["size"] for row in whole["items"]] == [1]
    side = await get(acme, "/retention", from_=back(10), to=DAY, channel_id=channel("side"))
    assert [(row["cohort"], row["size"]) for row in side["items"]] == [("2026-11-20", 1)]


async def test_each_kind_has_default_days(acme: httpx.AsyncClient, crm: RunningCrm) -> None:
    await crm.apply(recorded("ada", back(2)))
    for kind, days in {
        "on": ["1", "7", "30"],
        "on_or_after": ["1", "7", "30"],
        "consecutive": ["1", "7", "30"],
        "bracket": ["1-7", "8-14", "15-28"],
    }.items():
        (row,) = (await get(acme, "/retention", kind=kind))["items"]
        assert [cell["days"] for cell in row["cells"]] == days


async def test_days_asked_twice_are_answered_twice(
    acme: httpx.AsyncClient, crm: RunningCrm
) -> None:
    await crm.apply(*(recorded("ada", back(n)) for n in (9, 8, 7, 3)))
    for kind, days, retained in (
        ("on", "1,0,1", [1, 1, 1]),
        ("bracket", "1-7,1-3,1-7", [1, 1, 1]),
        ("consecutive", "2,3,2,0", [1, 0, 1, 1]),
        ("on_or_after", "6,7,6", [1, 0, 1]),
    ):
        (row,) = (await get(acme, "/retention", kind=kind, days=days))["items"]
        assert [cell["days"] for cell in row["cells"]] == days.split(",")
        assert [cell["ratio"]["numerator"] for cell in row["cells"]] == retained


async def test_all_of_history_is_one_answer_with_the_cohorts_that_there_are(
    acme: httpx.AsyncClient, crm: RunningCrm
) -> None:
    await crm.apply(recorded("old", date(2000, 1, 1)), recorded("ada", back(2)))
    await crm.apply(recorded("old", back(2)))
    found = await get(acme, "/retention", from_="2000-01-01", to=DAY, kind="on_or_after", days="9")
    assert [(row["cohort"], row["size"]) for row in found["items"]] == [
        ("2000-01-01", 1),
        ("2026-11-20", 1),
    ]
    assert [row["cells"][0]["ratio"]["numerator"] for row in found["items"]] == [1, 0]


async def test_an_answer_that_would_take_too_long_is_refused(
    acme: httpx.AsyncClient, crm: RunningCrm
) -> None:
    await crm.apply(*(recorded(f"fan{n}", back(n)) for n in range(10)))
    wide = ",".join(f"{n}-1100" for n in range(1, 120))
    answer = await acme.get("/crm/v1/retention", params={"kind": "bracket", "days": wide})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "days"
