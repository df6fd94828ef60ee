"""One simulation from beginning to end: history, mending, live traffic, verification."""

import asyncio
import time
from dataclasses import dataclass, field
from random import Random, SystemRandom
from zoneinfo import ZoneInfo

from mediaops_common.clock import Clock
from rich.console import Console

from mediaops_simulator.check.audit import check_audit
from mediaops_simulator.check.everything import check_everything
from mediaops_simulator.check.lag import wait_until_settled
from mediaops_simulator.check.mending import check_mending
from mediaops_simulator.check.scene import Scene
from mediaops_simulator.check.tally import Tally
from mediaops_simulator.company.life import Company
from mediaops_simulator.live import live_traffic
from mediaops_simulator.plan.history import PlannedDay, plan_days
from mediaops_simulator.system.api import Api
from mediaops_simulator.system.company import Workplace, connect_company, make_workspace
from mediaops_simulator.system.lines import Lines
from mediaops_simulator.system.mending import Mended, mend, spoil
from mediaops_simulator.system.progress import Steps, show_progress
from mediaops_simulator.system.publications import register
from mediaops_simulator.system.sender import Sender
from mediaops_simulator.system.snapshots import SnapshotSender
from mediaops_simulator.truth.book import Book
from mediaops_simulator.truth.reading import as_it_was

__all__ = ["Simulation", "Wanted", "simulate"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller asked for."""

    slug: str
    seed: int = 1
    timezone: str = "Asia/Shanghai"
    days: int = 60
    scale: float = 1.0
    live_seconds: float = 0.0
    verify: bool = False


@dataclass(slots=True)
class Simulation:
    """What came of it."""

    crew: "Crew"
    activities: int = 0
    requests: int = 0
    seconds: float = 0.0
    refused: int = 0
    mended: Mended | None = None
    settled_after: float = 0.0
    tally: Tally | None = None

    @property
    def rate(self) -> float:
        return self.activities / max(self.seconds, 1e-6)


@dataclass(slots=True)
class Crew:
    """Those who send, in one workspace."""

    api: Api
    workplace: Workplace
    sender: Sender
    snapshots: SnapshotSender
    book: Book = field(init=False)

    def __post_init__(self) -> None:
        self.book = self.sender.book


async def simulate(
    wanted: Wanted, operator: Api, api: Api, clock: Clock, console: Console
) -> Simulation:
    """Makes the workspace, tells the story, and proves the numbers when asked to."""
    zone = ZoneInfo(wanted.timezone)
    anchor = clock.now().astimezone(zone).date()
    await make_workspace(operator, wanted.slug, f"山野集团 (seed {wanted.seed})", wanted.timezone)
    company = Company(wanted.seed, anchor=anchor, days=wanted.days, zone=zone, scale=wanted.scale)
    days = plan_days(company, wanted.days)
    crew = await hire(api, wanted.slug, wanted.seed, zone, clock)
    outcome, spoilt = Simulation(crew), None
    with show_progress(console, sum(day.load for day in days)) as steps:
        crew.sender.on_sent = steps
        for day in days:
            if day.number == company.story.mistaken:
                spoilt = await spoil(api, crew.workplace, clock)
            if day.number == company.story.mended:
                outcome.mended = await mend(api, crew.workplace, clock, spoilt)
            await send_day(crew, day)
    _note(outcome, steps)
    crew.sender.on_sent = lambda acts: None
    if wanted.live_seconds:
        rng = Random(f"{wanted.seed}:live")
        await live_traffic(crew.sender, company, rng, seconds=wanted.live_seconds)
    outcome.refused = crew.book.refused
    if wanted.verify:
        outcome.settled_after = await wait_until_settled(api, clock.now())
        outcome.tally = await verify(crew, operator, outcome.mended)
    return outcome


async def hire(api: Api, slug: str, seed: int, zone: ZoneInfo, clock: Clock) -> Crew:
    """Connects the company's accounts and those who will send for them."""
    workplace = await connect_company(api, slug, SystemRandom())
    book = Book(zone)
    return Crew(
        api,
        workplace,
        Sender(api, Lines(api.url), workplace, book, clock),
        SnapshotSender(api, workplace, book, clock, Random(f"{seed}:snapshots")),
    )


async def send_day(crew: Crew, day: PlannedDay) -> None:
    """One day: what was published, what people did, and in the evening the counters."""
    await asyncio.gather(
        register(crew.api, crew.workplace, day.pieces), crew.sender.send(day.sendings)
    )
    if day.levels:
        await crew.snapshots.send(day.levels)


def _note(outcome: Simulation, steps: Steps) -> None:
    outcome.activities, outcome.requests = steps.sent, steps.requests
    outcome.seconds = time.monotonic() - steps.begun


async def verify(crew: Crew, operator: Api, mended: Mended | None) -> Tally:
    """Compares every number with the book. The system must have settled."""
    now = crew.sender.clock.now()
    today = now.astimezone(crew.book.zone).date()
    first = min(crew.book.first_day, today)
    scene = Scene(crew.api, crew.workplace, crew.book, as_it_was, first, today, now, Tally())
    await check_everything(scene)
    await check_audit(scene, operator)
    if mended is not None:
        check_mending(scene.tally, crew.book, mended)
    return scene.tally
