"""The door: signed webhooks and posted batches, beside a bare answer and beside no storage."""

import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from mediaops_bench.children import a_generator
from mediaops_bench.company import CHANNELS
from mediaops_bench.figures import Figure, Spread
from mediaops_bench.machine import cores_apart
from mediaops_bench.place import is_distributed
from mediaops_bench.rounds import Effort, Rounds, in_turns
from mediaops_bench.target import Load, a_bare_target, a_target

__all__ = ["measure"]

REQUESTS = 12_000
BATCHES = 1_500

# Half of the senders wait for the disk while the others are read. With few of them it is at times
# the door that waits for the next request, which a bare answer never does.
LOADS = {
    "one signed webhook of 1 KB, 128 senders": Load("single", 1, REQUESTS, connections=128),
    "one signed webhook of 1 KB, 64 senders": Load("single", 1, REQUESTS, connections=64),
    "one signed webhook of 1 KB, 32 senders": Load("single", 1, REQUESTS),
    "POST /activities, 100 of one channel": Load("posts", 100, BATCHES),
    "POST /activities, 100 of many channels": Load("mixed posts", 100, BATCHES),
}

JUDGED = frozenset(LOADS) - {"POST /activities, 100 of many channels"}
"""Of which a target is known."""

TOLD = {
    "bare": "a bare ASGI app on uvicorn",
    "unstored": "the door without storage",
    "door": "the door, durable",
}


async def measure(effort: Effort) -> list[Figure]:
    """Three servers, of which one at a time is under load."""
    channels = effort.count(CHANNELS, 5)
    figures: list[Figure] = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mediaops-bench-")))
        _, senders_on = cores_apart()
        generator = await stack.enter_async_context(a_generator(senders_on))
        door = await stack.enter_async_context(a_target("door", folder, channels))
        servers = {
            "bare": await stack.enter_async_context(a_bare_target(door)),
            "unstored": await stack.enter_async_context(a_target("unstored", folder, channels)),
            "door": door,
        }
        for what, usual in LOADS.items():
            load = replace(usual, count=effort.count(usual.count, 50))
            for server in servers.values():
                await server.warm_up(generator, load)
            variants = {
                name: partial(server.take, generator, load, effort.round_seconds)
                for name, server in servers.items()
            }
            figures += _figures(what, load, await in_turns(variants, effort.rounds))
    return figures


def _figures(what: str, load: Load, rounds: Rounds) -> list[Figure]:
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
            if variant == "door" and name == "rate" and what in JUDGED:
                wanted, is_met = _verdict(is_single, ratios, rounds.spread(variant, name))
            value = rounds.spread(variant, name)
            found.append(Figure(what, told, value, of, ratios, wanted, is_met))
    for name in ("p50", "p99"):
        told = f"{TOLD['door']}: {name}, a closed loop"
        found.append(Figure(what, told, rounds.spread("door", name), "ms"))
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
