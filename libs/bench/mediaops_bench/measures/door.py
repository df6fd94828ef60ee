"""The door: signed webhooks and posted batches, beside a bare answer and beside no storage."""

import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mediaops_bench.children import Child, Generator, a_child, a_generator
from mediaops_bench.company import CHANNELS
from mediaops_bench.door_server import VARIANTS
from mediaops_bench.figures import Figure, Sample, Spread
from mediaops_bench.load.jobs import Drive, Form, Prepare
from mediaops_bench.machine import cpu_seconds
from mediaops_bench.place import is_distributed
from mediaops_bench.rounds import Effort, Rounds, in_turns

__all__ = ["measure"]

REQUESTS = 12_000
BATCHES = 1_500


@dataclass(frozen=True)
class _Server:
    child: Child
    port: int


@dataclass(frozen=True)
class _Load:
    """One kind of request, and how many activities each brings."""

    what: str
    form: Form
    items: int
    count: int


LOADS = (
    _Load("one signed webhook of 1 KB", "single", 1, REQUESTS),
    _Load("POST /activities, 100 of one channel", "posts", 100, BATCHES),
    _Load("POST /activities, 100 of many channels", "mixed posts", 100, BATCHES),
)


TOLD = {
    "bare": "a bare ASGI app",
    "unstored": "the door without storage",
    "door": "the door, durable",
}


async def measure(effort: Effort) -> list[Figure]:
    """Three servers, of which one at a time is under load."""
    channels = effort.count(CHANNELS, 5)
    figures: list[Figure] = []
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mediaops-bench-"))
        generator = await stack.enter_async_context(a_generator())
        servers: dict[str, _Server] = {}
        told: dict[str, Any] = {}
        for variant in VARIANTS:
            arguments = ("mediaops_bench.door_server", variant, f"{folder}/{variant}")
            Path(folder, variant).mkdir()
            child = await stack.enter_async_context(a_child(*arguments, str(channels)))
            told[variant] = await child.line()
            servers[variant] = _Server(child, told[variant]["port"])
        told["bare"] = {**told["bare"], "hooks": told["door"]["hooks"], "token": "none"}
        for load in LOADS:
            for variant, server in servers.items():
                await _warm_up(generator, server, load, told[variant])
            variants = {
                variant: _run(generator, server, load, told[variant], effort)
                for variant, server in servers.items()
            }
            figures += _figures(load, await in_turns(variants, effort.rounds))
    return figures


async def _warm_up(
    generator: Generator, server: _Server, load: _Load, told: dict[str, Any]
) -> None:
    """Every channel is met a few times, so that what is loaded once is loaded before."""
    count = 4 * len(told["hooks"])
    hooks, token = told["hooks"], told["token"]
    await generator.prepare(
        Prepare(form=load.form, count=count, items=load.items, hooks=hooks, token=token)
    )
    await generator.drive(Drive(port=server.port, seconds=10.0, most=count))


def _run(
    generator: Generator, server: _Server, load: _Load, told: dict[str, Any], effort: Effort
) -> Any:
    job = Prepare(
        form=load.form,
        count=effort.count(load.count, 50),
        items=load.items,
        hooks=told["hooks"],
        token=told["token"],
    )

    async def run() -> Sample:
        await generator.prepare(job)
        used = cpu_seconds(server.child.pid)
        found = await generator.drive(Drive(port=server.port, seconds=effort.round_seconds))
        used = cpu_seconds(server.child.pid) - used
        answers = sum(found["statuses"].values())
        return {
            "rate": load.items * answers / found["seconds"],
            "cpu rate": load.items * answers / max(used, 0.01),
            "p50": found["p50_ms"],
            "p99": found["p99_ms"],
        }

    return run


def _figures(load: _Load, rounds: Rounds) -> list[Figure]:
    is_single = load.items == 1
    unit = "requests" if is_single else "activities"
    found = []
    for variant, told in TOLD.items():
        for name, of in (("rate", f"{unit}/s"), ("cpu rate", f"{unit}/CPU-s")):
            ratios: dict[str, Spread] = {}
            if variant != "bare":
                ratios["bare"] = rounds.ratio(variant, "bare", name)
            if variant == "door":
                ratios["no storage"] = rounds.ratio(variant, "unstored", name)
            wanted, is_met = "", None
            if variant == "door" and name == "rate" and load.form != "mixed posts":
                wanted, is_met = _verdict(is_single, ratios, rounds.spread(variant, name))
            value = rounds.spread(variant, name)
            found.append(Figure(load.what, told, value, of, ratios, wanted, is_met))
    for name in ("p50", "p99"):
        told = f"{TOLD['door']}: {name}, 32 connections in a closed loop"
        found.append(Figure(load.what, told, rounds.spread("door", name), "ms"))
    return found


def _verdict(is_single: bool, ratios: dict[str, Spread], rate: Spread) -> tuple[str, bool | None]:
    if not is_single and is_distributed():
        return "", None
    if not is_single:
        return "≥ 80,000 activities/s", rate.middle >= 80_000
    of_bare, of_itself = (ratio.middle for ratio in ratios.values())
    if is_distributed():
        return "≥ 0.45 of bare", of_bare >= 0.45
    return "≥ 0.35 of bare, ≥ 0.5 of no storage", of_bare >= 0.35 and of_itself >= 0.5
