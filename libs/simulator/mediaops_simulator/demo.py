"""The company of `mediaops up --demo`: its history once, then gentle traffic for ever."""

import argparse
import contextlib
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import uvloop
from mediaops_common.cli.options import settings_for
from mediaops_common.clock import Clock, open_clock
from rich.console import Console

from mediaops_simulator.command import open_api
from mediaops_simulator.company.cast import SHOP
from mediaops_simulator.company.life import Company
from mediaops_simulator.live import live_traffic
from mediaops_simulator.plan.history import PlannedDay, plan_days
from mediaops_simulator.system.api import Api
from mediaops_simulator.system.company import make_workspace
from mediaops_simulator.system.crew import Crew, hired
from mediaops_simulator.system.mending import mend, spoil
from mediaops_simulator.system.progress import show_progress
from mediaops_simulator.truth.reading import as_it_was, as_misread

__all__ = ["Stage", "command", "main", "play"]


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the company plays, and how large it is."""

    slug: str = "demo"
    seed: int = 20
    days: int = 60
    scale: float = 0.8
    timezone: str = "Asia/Shanghai"


STAGE = Stage()
SPOILT, MENDED = 2, 3
"""Revisions of the shop's mapping: the first is right, the second mistaken, the third right."""
PUBLICATIONS = "/content/v1/publications"
OLDEST = 180
"""Days after which a history is no longer continued, only lived on."""


def command(url: str, data: Path) -> list[str]:
    """The command line of the process that plays the company against a running system."""
    return [sys.executable, "-m", __name__, "--url", url, "--data", str(data)]


async def play(
    operator: Api,
    api: Api,
    clock: Clock,
    console: Console,
    stage: Stage = STAGE,
    live_seconds: float | None = None,
) -> None:
    """Sends what of the history is not there yet, then lives on, for ever if not told otherwise."""
    zone = ZoneInfo(stage.timezone)
    await make_workspace(operator, stage.slug, f"山野集团 ({stage.slug})", stage.timezone)
    now = clock.now()
    today = now.astimezone(zone).date()
    found = await _activities_by_day(api, stage, today)
    anchor = min(found) + timedelta(days=stage.days) if found else today
    company = Company(stage.seed, anchor=anchor, days=stage.days, zone=zone, scale=stage.scale)
    lived = min((today - company.first_day).days + 1, OLDEST)
    days = plan_days(company, lived, until=int(now.timestamp()))
    async with hired(api, stage.slug, stage.seed, zone, clock) as crew:
        await _catch_up(crew, company, days, found, console)
        told = f"{stage.slug}: the history is whole; live traffic from now on"
        console.print(told, highlight=False)
        await live_traffic(crew.sender, company, Random(), seconds=live_seconds)


async def _catch_up(
    crew: Crew, company: Company, days: list[PlannedDay], found: Counter[date], console: Console
) -> None:
    """Sends the days of which something is missing; what was there already is a repeat."""
    revision = await _mapping_revision(crew)
    missing = _missing(crew, company, days, found, revision)
    if revision >= MENDED and not missing:
        return
    clock = crew.sender.clock
    published = {each["external_id"] for each in await crew.api.all_items(PUBLICATIONS)}
    since = None
    with show_progress(console, sum(day.load for day in missing)) as steps:
        crew.sender.on_sent = steps
        for day in days:
            if day.number == company.story.mistaken and revision < SPOILT:
                since = await spoil(crew.api, crew.workplace, clock)
            if day.number == company.story.mended and revision < MENDED:
                await mend(crew.api, crew.workplace, clock, since, looks_first=False)
            if day in missing:
                day.pieces = [each for each in day.pieces if each.external_id not in published]
                await crew.send_day(day)
    crew.sender.on_sent = lambda acts: None


def _missing(
    crew: Crew, company: Company, days: list[PlannedDay], found: Counter[date], revision: int
) -> list[PlannedDay]:
    """Days on which something is sent of which the server has less than there was."""
    planned: Counter[date] = Counter()
    for day in days:
        is_misread = revision == SPOILT and day.number >= company.story.mistaken
        reading = as_misread if is_misread else as_it_was
        for act in day.acts:
            planned[crew.book.day_of(act.at)] += reading(act) is not None
    short = {day for day, count in planned.items() if found[day] < count}
    return [
        day
        for day in days
        if any(crew.book.day_of(a.at) in short for s in day.sendings for a in s.acts)
    ]


async def _mapping_revision(crew: Crew) -> int:
    source = crew.workplace.connections[SHOP.key].source_id
    return int((await crew.api.get(f"/ingest/v1/sources/{source}"))["mapping_revision"])


async def _activities_by_day(api: Api, stage: Stage, today: date) -> Counter[date]:
    """What the server has, by the day on which it happened."""
    answer = await api.get(
        "/insights/v1/metrics/query",
        metric="activities",
        granularity="day",
        **{"from": str(today - timedelta(days=stage.days + OLDEST)), "to": str(today)},
    )
    counts = {date.fromisoformat(row["start"]): row["value"] for row in answer["items"]}
    return Counter({day: count for day, count in counts.items() if count})


def main() -> None:
    """Runs until it is stopped; the system does not depend on it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--data", required=True, type=Path)
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(_main(given.url, given.data))


async def _main(url: str, data: Path) -> None:
    settings = settings_for(data)
    operator_api = open_api(url, settings, "*", "operator")
    async with operator_api as operator, open_api(url, settings, STAGE.slug, "owner") as api:
        await play(operator, api, open_clock(), Console())


if __name__ == "__main__":
    main()
