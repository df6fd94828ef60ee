"""One simulation from beginning to end: history, mending, live traffic, verification."""

from dataclasses import dataclass
from random import Random
from zoneinfo import ZoneInfo

from mediaops_common.clock import Clock
from rich.console import Console

from mediaops_simulator.check.everything import verify
from mediaops_simulator.check.lag import wait_until_settled
from mediaops_simulator.check.tally import Tally
from mediaops_simulator.company.life import Company
from mediaops_simulator.live import live_traffic
from mediaops_simulator.plan.history import plan_days
from mediaops_simulator.system.api import Api
from mediaops_simulator.system.company import make_workspace
from mediaops_simulator.system.crew import Crew, hired
from mediaops_simulator.system.mending import Mended, mend, spoil
from mediaops_simulator.system.progress import show_progress

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

    crew: Crew
    activities: int = 0
    requests: int = 0
    seconds: float = 0.0
    mended: Mended | None = None
    settled_after: float = 0.0
    tally: Tally | None = None


async def simulate(
    wanted: Wanted, operator: Api, api: Api, clock: Clock, console: Console
) -> Simulation:
    """Makes the workspace, tells the story, and proves the numbers when asked to."""
    zone = ZoneInfo(wanted.timezone)
    anchor = clock.now().astimezone(zone).date()
    name = f"山野集团 (seed {wanted.seed})"
    if not await make_workspace(operator, wanted.slug, name, wanted.timezone):
        # What is in it already would be counted too, and the truth knows nothing of it.
        raise SystemExit(f"there is a workspace {wanted.slug} already: name another")
    company = Company(wanted.seed, anchor=anchor, days=wanted.days, zone=zone, scale=wanted.scale)
    async with hired(api, wanted.slug, wanted.seed, zone, clock) as crew:
        outcome = Simulation(crew)
        await _tell(outcome, company, wanted.days, console)
        if wanted.live_seconds:
            rng = Random(f"{wanted.seed}:live")
            await live_traffic(crew.sender, company, rng, seconds=wanted.live_seconds)
    if wanted.verify:
        outcome.settled_after = await wait_until_settled(api, clock.now())
        outcome.tally = await verify(crew, operator, outcome.mended)
    return outcome


async def _tell(outcome: Simulation, company: Company, days: int, console: Console) -> None:
    """The history, with the mistake in the shop's mapping and its mending."""
    crew, spoilt = outcome.crew, None
    clock, planned = crew.sender.clock, plan_days(company, days)
    with show_progress(console, sum(day.load for day in planned)) as steps:
        crew.sender.on_sent = steps
        for day in planned:
            if day.number == company.story.mistaken:
                spoilt = await spoil(crew.api, crew.workplace, clock)
            if day.number == company.story.mended:
                outcome.mended = await mend(crew.api, crew.workplace, clock, spoilt)
            await crew.send_day(day)
    crew.sender.on_sent = lambda acts: None
    outcome.activities, outcome.requests = steps.sent, steps.requests
    outcome.seconds = steps.seconds
