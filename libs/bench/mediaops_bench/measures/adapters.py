"""The adapters: what each scheme costs at the door and in the normaliser, beside Standard Webhooks.

Requests are as long as their platforms make them; the acts that they tell of are alike.
"""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from mediaops_bench.children import a_generator
from mediaops_bench.company import Company
from mediaops_bench.deliveries import sent_deliveries
from mediaops_bench.figures import Figure, Sample, Spread
from mediaops_bench.machine import Usage, cores_apart
from mediaops_bench.rounds import Effort, Rounds, in_turns
from mediaops_bench.senders.registry import SENDERS
from mediaops_bench.senders.sender import Sender
from mediaops_bench.senders.signed import SIGNED
from mediaops_bench.spine import Spine, a_spine
from mediaops_bench.target import Load, a_bare_target, a_target
from mediaops_bench.wire import Hook

__all__ = ["Traffic", "measure"]

CHANNELS = 20
"""Of each sender."""
REQUESTS = 8_000
ACTS = 4_000
STANDARD = "standard-webhooks"


async def measure(effort: Effort) -> list[Figure]:
    """The door with the senders that sign, then the normaliser with all of them."""
    return [*await _at_the_door(effort), *await _normalised(effort)]


def _beside(name: str) -> str:
    """The Standard Webhooks with as many acts."""
    items = SENDERS[name].items
    return next(
        other
        for other, sender in SENDERS.items()
        if sender.adapter == STANDARD and sender.items == items
    )


async def _at_the_door(effort: Effort) -> list[Figure]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mediaops-bench-")))
        _, senders_on = cores_apart()
        generator = await stack.enter_async_context(a_generator(senders_on))
        channels = effort.count(CHANNELS, 2)
        door = await stack.enter_async_context(a_target("door", folder, channels, list(SIGNED)))
        bare = await stack.enter_async_context(a_bare_target(door))
        variants = {}
        for name, sender in SIGNED.items():
            load = Load("sender", sender.items, effort.count(REQUESTS // sender.items, 50), name)
            await door.warm_up(generator, load)
            if sender.adapter == STANDARD:
                bare_take = partial(bare.take, generator, load, effort.round_seconds)
                variants[f"bare {name}"] = bare_take
            variants[name] = partial(door.take, generator, load, effort.round_seconds)
        rounds = await in_turns(variants, effort.rounds)
    return [
        figure
        for name in variants
        for figure in _door_figures(name, name.removeprefix("bare "), rounds)
    ]


def _door_figures(name: str, sender: str, rounds: Rounds) -> list[Figure]:
    items, is_bare = SENDERS[sender].items, name != sender
    group = "the door, one act a request" if items == 1 else f"the door, {items} acts a request"
    found = []
    for measured, unit in (("rate", "activities/s"), ("cpu rate", "activities/CPU-s")):
        ratios: dict[str, Spread] = {}
        if not is_bare:
            beside = _beside(sender)
            ratios["bare"] = rounds.ratio(name, f"bare {beside}", measured)
            if sender != beside:
                ratios[beside] = rounds.ratio(name, beside, measured)
        told = "a bare ASGI app on uvicorn" if is_bare else sender
        found.append(Figure(group, told, rounds.spread(name, measured), unit, ratios))
    return found


async def _normalised(effort: Effort) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="mediaops-bench-") as folder:
        async with a_spine(Path(folder), 1) as spine:
            channels = effort.count(CHANNELS, 2)
            traffic = [await a_traffic(spine, name, channels) for name in SENDERS]
            acts = effort.count(ACTS, 20)
            for one in traffic:
                await one.take(2 * channels * one.sender.items)  # every source is in the book
            variants = {one.name: partial(one.take, acts) for one in traffic}
            rounds = await in_turns(variants, effort.rounds)
    return [_normaliser_figure(name, rounds) for name in SENDERS]


def _normaliser_figure(name: str, rounds: Rounds) -> Figure:
    beside = _beside(name)
    ratios = {}
    if name != beside:
        ratios[beside] = rounds.ratio(name, beside, "rate")
        ratios[f"{beside} by CPU time"] = rounds.ratio(name, beside, "cpu rate")
    value = rounds.spread(name, "rate")
    return Figure("the normaliser, one process", name, value, "activities/s", ratios)


class Traffic:
    """One sender's deliveries, and the normaliser that reads them."""

    def __init__(self, spine: Spine, name: str, hooks: Sequence[Hook]) -> None:
        self.name, self.spine, self.hooks = name, spine, hooks
        self.sender: Sender = SENDERS[name]
        self._company = Company([hook.channel for hook in hooks])

    async def take(self, acts: int) -> Sample:
        """Logs deliveries with so many acts, and measures until they are read."""
        sender, count = self.sender, max(1, acts // self.sender.items)
        now = datetime.now(UTC)
        waiting = sent_deliveries(sender, self._company, self.hooks, count=count, moment=now)
        await self.spine.log(waiting)
        used = Usage()
        await self.spine.normalise()
        used.stop()
        await self.spine.publish()  # the archive does not wait for its relay from round to round
        acts = count * sender.items
        return {"rate": acts / used.seconds, "cpu rate": acts / max(used.cpu, 0.001)}


async def a_traffic(spine: Spine, name: str, channels: int) -> Traffic:
    """That sender's, over so many channels of its own."""
    source: Mapping[str, object] = SENDERS[name].source
    hooks = [await spine.ingest.add_channel(number, dict(source)) for number in range(channels)]
    return Traffic(spine, name, hooks)
