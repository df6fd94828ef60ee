"""The demonstration takes up its history where it was interrupted."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from mediaops_common.cli.options import settings_for
from mediaops_common.clock import SystemClock
from mediaops_simulator.check.lag import wait_until_settled
from mediaops_simulator.command import open_api
from mediaops_simulator.company.life import Company
from mediaops_simulator.demo import Stage, command, play
from mediaops_simulator.plan.history import plan_days
from mediaops_simulator.system.api import Api
from mediaops_simulator.truth.book import Book
from mediaops_simulator.truth.measures import Cell, measure
from mediaops_simulator.truth.reading import as_it_was
from rich.console import Console

from tests.simulator.conftest import System

STAGE = Stage(slug="demo-small", days=6, scale=0.1)


def test_its_command_line_names_the_system_and_its_data(tmp_path):
    assert command("http://x", tmp_path)[1:] == [
        *("-m", "mediaops_simulator.demo"),
        *("--url", "http://x", "--data", str(tmp_path)),
    ]


@pytest.mark.nightly
async def test_an_interrupted_history_becomes_whole_and_is_not_sent_again(system: System):
    settings = settings_for(system.data)
    operator_api = open_api(system.url, settings, "*", "operator")
    started = datetime.now(UTC)
    async with operator_api as operator, open_api(system.url, settings, STAGE.slug, "owner") as api:

        async def act(seconds: float | None = 0.0) -> None:
            await play(operator, api, SystemClock(), Console(quiet=True), STAGE, seconds)

        first = asyncio.create_task(act())
        while not first.done() and sum((await received(api)).values()) < 60:
            await asyncio.wait([first], timeout=0.05)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await wait_until_settled(api, datetime.now(UTC))
        await act()
        await wait_until_settled(api, datetime.now(UTC))
        assert await by_day(api, started) == planned(started)
        whole = await received(api)
        await act()
        assert await received(api) - whole == Counter()


async def received(api: Api) -> Counter[str]:
    """Items received until now; nothing while the workspace is being made."""
    answer = await api.client.get("/ingest/v1/quality")
    rows = answer.json()["items"] if answer.is_success else []
    return Counter({"received": sum(row["received"] for row in rows)})


def planned(started: datetime) -> dict[str, int]:
    """Activities of each whole day of the history."""
    zone = ZoneInfo(STAGE.timezone)
    today = started.astimezone(zone).date()
    company = Company(STAGE.seed, anchor=today, days=STAGE.days, zone=zone, scale=STAGE.scale)
    book = Book(zone)
    for day in plan_days(company, STAGE.days + 1, until=int(started.timestamp())):
        for sending in day.sendings:
            if not sending.is_forged:
                book.acknowledged(sending, started)
    counts = measure(book, as_it_was, "activities", "day")
    return {cell.start: count for cell, count in counts.items() if cell != Cell(str(today))}


async def by_day(api: Api, started: datetime) -> dict[str, int]:
    today = started.astimezone(ZoneInfo(STAGE.timezone)).date()
    days = {"from": str(today - timedelta(days=10)), "to": str(today - timedelta(days=1))}
    answer = await api.get(
        "/insights/v1/metrics/query", metric="activities", granularity="day", **days
    )
    return {row["start"]: row["value"] for row in answer["items"] if row["value"]}
