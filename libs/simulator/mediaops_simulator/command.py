"""`mediaops simulate`: a company, its history, and the proof of the numbers."""

import json
import secrets
from datetime import timedelta
from typing import Annotated, Any

import httpx
import typer
import uvloop
from mediaops_common.cli.connection import find_url
from mediaops_common.cli.options import AsJson, DataDir, Url, settings_for, sign
from mediaops_common.clock import open_clock
from mediaops_common.settings import Settings
from rich.console import Console

from mediaops_simulator.check.lag import StillBehind
from mediaops_simulator.run import Simulation, Wanted
from mediaops_simulator.run import simulate as run_simulation
from mediaops_simulator.system.api import Api, Unexpected

__all__ = ["open_api", "simulate"]


def simulate(
    seed: Annotated[int, typer.Option(help="One seed is one company.")] = 1,
    url: Url = None,
    data: DataDir = None,
    workspace: Annotated[
        str | None, typer.Option(help="Slug of the new workspace; without it sim-SEED-….")
    ] = None,
    timezone: Annotated[str, typer.Option(help="Its zone: where days are cut.")] = "Asia/Shanghai",
    days: Annotated[int, typer.Option(min=1, max=365, help="Days of history.")] = 60,
    scale: Annotated[
        float, typer.Option(min=0.01, max=20, help="How many people come; 1 is about 90,000 acts.")
    ] = 1.0,
    live: Annotated[float, typer.Option(min=0, help="Seconds of live traffic afterwards.")] = 0.0,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare every number with the simulator's truth.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Simulate one believable company through really signed webhooks, in a workspace of its own."""
    slug = workspace or f"sim-{seed}-{secrets.token_hex(3)}"
    wanted = Wanted(
        slug=slug,
        seed=seed,
        timezone=timezone,
        days=days,
        scale=scale,
        live_seconds=live,
        verify=verify,
    )
    console = Console(stderr=as_json)
    settings = settings_for(data)
    address = find_url(settings, url)
    try:
        outcome = uvloop.run(_run(wanted, address, settings, console))
    except httpx.TransportError as error:
        raise SystemExit(f"nothing answers at {address}: {error}") from None
    except (Unexpected, StillBehind) as error:
        raise SystemExit(f"the simulation ended early: {error}") from None
    if as_json:
        typer.echo(json.dumps(_as_json(wanted, outcome), ensure_ascii=False))
    elif outcome.tally is not None:
        outcome.tally.show(console)
    if outcome.tally is not None and outcome.tally.differences:
        raise typer.Exit(1)


async def _run(wanted: Wanted, url: str, settings: Settings, console: Console) -> Simulation:
    console.print(f"workspace {wanted.slug} at {url}", highlight=False)
    operator_api = open_api(url, settings, "*", "operator")
    async with operator_api as operator, open_api(url, settings, wanted.slug, "owner") as api:
        outcome = await run_simulation(wanted, operator, api, open_clock(), console)
    if outcome.tally is not None:
        console.print(f"settled after {outcome.settled_after:.1f} s", highlight=False)
    return outcome


def open_api(url: str, settings: Settings, workspace: str, role: str) -> Api:
    """The system as that role sees it, with a token made from the data directory."""
    lifetime = timedelta(days=365)
    token = sign(settings, workspace=workspace, role=role, lifetime=lifetime, subject="simulator")
    return Api(url, token)


def _as_json(wanted: Wanted, outcome: Simulation) -> dict[str, Any]:
    return {
        "workspace": wanted.slug,
        "seed": wanted.seed,
        "activities": outcome.activities,
        "requests": outcome.requests,
        "seconds": round(outcome.seconds, 3),
        "refused": outcome.crew.book.refused,
        "verification": outcome.tally.as_json() if outcome.tally else None,
    }
