"""An idle `mediaops up`: how soon it is ready, what it weighs, what it costs to do nothing."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from mediaops_bench.figures import Figure, Sample
from mediaops_bench.installation import installed
from mediaops_bench.machine import cpu_seconds, rss_bytes
from mediaops_bench.rounds import Effort, in_turns

__all__ = ["measure"]

IDLE_SECONDS = 20.0
MEGABYTE = 1 << 20
BARE = (
    "import sys, fastapi, sqlmodel, uvicorn, uvloop, msgspec, aiosqlite; print(1); sys.stdin.read()"
)
"""What any service of these libraries weighs before it does anything."""


async def measure(effort: Effort) -> list[Figure]:
    """First starts on an empty folder, later starts on the same, and a bare interpreter."""
    idle_seconds = max(2.0, IDLE_SECONDS * min(1.0, effort.scale))
    with tempfile.TemporaryDirectory(prefix="mediaops-bench-") as folder:
        known = Path(folder, "known")
        number = iter(range(1_000_000))

        async def first() -> Sample:
            return await _start(Path(folder, f"first-{next(number)}"), 0.0)

        async def later() -> Sample:
            return await _start(known, idle_seconds)

        await later()
        variants = {"bare": _bare, "first": first, "later": later}
        rounds = await in_turns(variants, effort.rounds)
    memory = rounds.spread("later", "memory")
    ready = rounds.spread("later", "ready")
    ratio = {"bare": rounds.ratio("later", "bare", "memory")}
    start = {"bare": rounds.ratio("later", "bare", "ready")}
    group, bare = "mediaops up", "an interpreter that imports the libraries"
    return [
        Figure(group, bare, rounds.spread("bare", "ready"), "s"),
        Figure(group, "first start until ready", rounds.spread("first", "ready"), "s"),
        Figure(group, "later start until ready", ready, "s", start, "< 5 s", ready.middle < 5),
        Figure(group, "later start, processor", rounds.spread("later", "start cpu"), "CPU-s"),
        Figure(group, bare, rounds.spread("bare", "memory"), "MB"),
        Figure(group, "resident when idle", memory, "MB", ratio, "< 180 MB", memory.middle < 180),
        Figure(group, "processor when idle", rounds.spread("later", "idle"), "% of a core"),
    ]


async def _start(data: Path, idle_seconds: float) -> Sample:
    async with installed(data) as up:
        begun = sum(map(cpu_seconds, up.pids))
        await asyncio.sleep(idle_seconds)
        used = sum(map(cpu_seconds, up.pids)) - begun
        return {
            "ready": up.ready_after,
            "start cpu": begun,
            "memory": sum(map(rss_bytes, up.pids)) / MEGABYTE,
            "idle": 100 * used / idle_seconds if idle_seconds else 0.0,
        }


async def _bare() -> Sample:
    begun = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        BARE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    ready, memory = time.monotonic() - begun, rss_bytes(process.pid) / MEGABYTE
    await process.communicate(b"")
    return {"ready": ready, "memory": memory}
