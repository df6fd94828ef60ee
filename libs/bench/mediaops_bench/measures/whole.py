"""The whole system under a fixed rate: signed webhooks of ten, from the door to the numbers."""

import asyncio
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mediaops_bench.children import Generator, a_generator
from mediaops_bench.company import CHANNELS
from mediaops_bench.figures import Figure, Spread, percentile
from mediaops_bench.installation import Installation, installed
from mediaops_bench.load.jobs import Drive, Prepare
from mediaops_bench.machine import cpu_seconds, rss_bytes
from mediaops_bench.place import is_distributed
from mediaops_bench.rounds import Effort
from mediaops_bench.wire import Hook

__all__ = ["measure"]

RATE = 1_500
"""Activities a second."""
TOLERANCE = 0.01
"""The last answers come after the last second."""
ACCEPTED = "202"
ITEMS = 10
LOOK_SECONDS = 0.25
MEGABYTE = 1 << 20


@dataclass
class _Watch:
    """What was seen while the load ran, when the answer had come. Times are of this machine's
    clock."""

    visible: list[tuple[float, int]] = field(default_factory=list)
    """(when, activities that `metrics/query` of insights showed)."""
    applied: list[tuple[float, int]] = field(default_factory=list)
    """(when, activities that crm's counters of the fast group showed)."""
    told: list[tuple[float, float]] = field(default_factory=list)
    """(when, `freshness_seconds` of the newest source in ingest's quality)."""
    memory: list[int] = field(default_factory=list)


async def measure(effort: Effort) -> list[Figure]:
    """One run of a real `mediaops up`, on PostgreSQL and Kafka of a `mediaops serve` for each
    service, as they are run there; the generator shares their cores."""
    rate = max(50, int(RATE * min(1.0, effort.scale)))
    with tempfile.TemporaryDirectory(prefix="mediaops-bench-") as folder:
        async with (
            installed(Path(folder, "data"), is_split=is_distributed()) as up,
            a_generator() as generator,
        ):
            hooks = [await up.add_channel(n) for n in range(effort.count(CHANNELS, 5))]
            await up.settle(60)
            return await _loaded(up, generator, hooks, rate, effort.seconds)


async def _loaded(
    up: Installation, generator: Generator, hooks: list[Hook], rate: int, seconds: float
) -> list[Figure]:
    listed = [(hook.path, hook.secret, hook.channel) for hook in hooks]
    # First every source is met once: a running system has met its sources.
    warm = Prepare(form="list", count=2 * len(hooks), items=ITEMS, hooks=listed, seed=2)
    await generator.prepare(warm)
    await generator.drive(Drive(port=up.port, rate=min(rate, 500) / ITEMS))
    await up.settle(60)
    before = await _visible(up)
    count, requests = int(rate * seconds / ITEMS), rate / ITEMS
    job = Prepare(form="list", count=count, items=ITEMS, hooks=listed, rate=requests)
    await generator.prepare(job)
    watch, used = _Watch(), sum(map(cpu_seconds, up.pids))
    looking = asyncio.create_task(_look(up, watch))
    try:
        sent = await generator.drive(Drive(port=up.port, rate=requests))
        await asyncio.sleep(2)
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    used = (sum(map(cpu_seconds, up.pids)) - used) / (sent["seconds"] + 2)
    settled = await up.settle(120)
    behind = _behind(watch.visible, sent, before, count, requests)
    crm = _behind(watch.applied, sent, before, count, requests)
    missing = before + count * ITEMS - await _visible(up)
    return _figures(
        f"{rate:,} activities/s for {seconds:.0f} s, in signed requests of {ITEMS}, "
        f"processes: {len(up.pids)}",
        rate,
        sent,
        {
            "behind": behind,
            "crm": crm,
            # Nothing of this load can be older than its beginning.
            "told": [min(told, max(0.0, at - sent["begun_at"])) for at, told in watch.told],
            "cpu": used,
            "memory": max(watch.memory, default=0) / MEGABYTE,
            "settled": settled,
            "residual": (await up.audit())["residual"],
            "missing": missing,
        },
    )


async def _look(up: Installation, watch: _Watch) -> None:
    turn = 0
    while True:
        begun = time.time()
        visible = await _visible(up)
        watch.visible.append((time.time(), visible))  # whoever asked has it only now
        if turn % 4 == 0:
            watch.memory.append(sum(map(rss_bytes, up.pids)))
            applied = await _applied(up)
            watch.applied.append((time.time(), applied))
        if turn % 20 == 0:
            told = await _told(up)
            watch.told.append((time.time(), told))
        turn += 1
        await asyncio.sleep(max(0.0, begun + LOOK_SECONDS - time.time()))


def _days() -> tuple[str, str]:
    """Yesterday to tomorrow in the workspace's zone, so that no midnight matters."""
    today = datetime.now(UTC).date()
    return str(today - timedelta(days=1)), str(today + timedelta(days=1))


async def _visible(up: Installation) -> int:
    first, last = _days()
    path = "/insights/v1/metrics/query?metric=activities&granularity=day"
    answer = await up.call("GET", f"{path}&from={first}&to={last}")
    return sum(item["value"] for item in answer["items"])


async def _applied(up: Installation) -> int:
    answer = await up.call("GET", "/crm/v1/admin/audit")
    return sum(row.get("activities", 0) for group in answer["groups"] for row in group["rows"])


async def _told(up: Installation) -> float:
    first, last = _days()
    answer = await up.call("GET", f"/ingest/v1/quality?from={first}&to={last}")
    told = [i["freshness_seconds"] for i in answer["items"] if i["freshness_seconds"] is not None]
    return min(told, default=0.0)


def _behind(
    looks: list[tuple[float, int]], sent: dict[str, Any], before: int, count: int, rate: float
) -> list[float]:
    """At each look: how long ago the oldest activity left that was not to be seen yet."""
    ages = []
    for moment, number in looks:
        due = int((moment - sent["begun_at"]) * rate)
        oldest = (number - before) / ITEMS
        if 0 < due <= count:
            ages.append(max(0.0, moment - (sent["begun_at"] + oldest / rate)))
    return ages


def _figures(group: str, rate: int, sent: dict[str, Any], seen: dict[str, Any]) -> list[Figure]:
    def figure(
        what: str, value: float, unit: str, wanted: str = "", is_met: bool | None = None
    ) -> Figure:
        return Figure(group, what, Spread.of([value]), unit, {}, wanted, is_met)

    accepted = ITEMS * sent["statuses"].get(ACCEPTED, 0) / sent["seconds"]
    least = rate * (1 - TOLERANCE)
    fresh = percentile(seen["behind"], 0.99)
    return [
        figure("accepted", accepted, "activities/s", f"≥ {least:,.0f}", accepted >= least),
        figure("door, p50", sent["p50_ms"], "ms"),
        figure("door, p99", sent["p99_ms"], "ms", "< 50 ms", sent["p99_ms"] < 50),
        figure("door, slowest", sent["max_ms"], "ms"),
        figure("generator, latest start", sent["latest_start_ms"], "ms"),
        figure("behind in insights' answers, p50", percentile(seen["behind"], 0.5), "s"),
        figure("behind in insights' answers, p99", fresh, "s", "< 2 s", fresh < 2),
        figure("behind in crm's counters, p99", percentile(seen["crm"], 0.99), "s"),
        figure("quality's freshness, p99", percentile(seen["told"], 0.99), "s"),
        figure("all settled after its end", seen["settled"], "s"),
        figure("processor", 100 * seen["cpu"], "% of a core"),
        figure("resident, at most", seen["memory"], "MB"),
        figure("audit residual", seen["residual"], "", "0", seen["residual"] == 0),
        figure("missing in the answers", seen["missing"], "", "0", seen["missing"] == 0),
    ]
