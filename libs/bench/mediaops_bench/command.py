"""`mediaops bench`: what this machine does, as ratios to what it could do at most."""

import json
import os
import signal
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Annotated, Any

import typer
import uvloop
from mediaops_common.cli.options import AsJson
from mediaops_common.garbage import leave_alone_what_stays
from mediaops_common.logs import configure_logs
from mediaops_common.settings import LogSettings
from mediaops_common.turns import take_short_turns

from mediaops_bench.conditions import conditions
from mediaops_bench.figures import Figure
from mediaops_bench.printing import print_conditions, print_figures
from mediaops_bench.rounds import Effort

__all__ = ["MEASURES", "bench", "measure"]

MEASURES = ("door", "normaliser", "adapters", "relay", "apply", "query", "idle", "whole")

Measure = Callable[[Effort], Coroutine[Any, Any, list[Figure]]]


def measure(name: str) -> Measure:
    """The measurement of that name; imported only when it is wanted."""
    found: Measure = import_module(f"mediaops_bench.measures.{name}").measure
    return found


def bench(
    names: Annotated[
        list[str] | None, typer.Argument(help=f"Of {', '.join(MEASURES)}; all without a name.")
    ] = None,
    as_json: AsJson = False,
    seconds: Annotated[
        float, typer.Option(min=1, help="How long the whole system is under load.")
    ] = 120.0,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of the other measurements.")] = 5,
    scale: Annotated[
        float, typer.Option(min=0.001, max=10, help="A factor for counts; 1 is to be quoted.")
    ] = 1.0,
) -> None:
    """Measure the hot paths beside their bare limits, in rounds that take turns.

    Ends with status 1 when a figure does not meet what is wanted of it.
    """
    unknown = set(names or ()) - set(MEASURES)
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: choose of {', '.join(MEASURES)}")
    configure_logs(LogSettings())
    effort = Effort(rounds=rounds, seconds=seconds, scale=scale)
    # As Ctrl-C, which ends what was started and removes what was made.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    told = uvloop.run(conditions(effort))
    if not as_json:
        print_conditions(told)
    found: dict[str, list[Figure]] = {}
    for name in names or MEASURES:
        run = measure(name)
        leave_alone_what_stays()  # as a process that serves does
        take_short_turns()
        figures = found[name] = uvloop.run(run(effort))
        if not as_json:
            print_figures(name, figures)
            typer.echo(f"load average at its end: {os.getloadavg()[0]:.1f}")
    if as_json:
        measured = {name: [one.as_json() for one in figures] for name, figures in found.items()}
        typer.echo(json.dumps({"conditions": told, "measured": measured}, ensure_ascii=False))
    if any(one.is_met is False for figures in found.values() for one in figures):
        raise SystemExit(1)
