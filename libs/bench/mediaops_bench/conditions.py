"""Under which conditions figures were measured: a number without them says nothing."""

import os
import platform
import sqlite3
import tempfile
import time
from importlib.metadata import version
from typing import Any

from mediaops_bench.figures import percentile
from mediaops_bench.machine import busiest, cores, cores_apart
from mediaops_bench.place import engines
from mediaops_bench.rounds import Effort

__all__ = ["conditions", "fsync_milliseconds"]

LIBRARIES = (
    "uvicorn",
    "uvloop",
    "httptools",
    "fastapi",
    "pydantic",
    "msgspec",
    "sqlalchemy",
    "sqlmodel",
    "aiosqlite",
    "asyncpg",
    "aiokafka",
    "pyroaring",
    "lz4",
)


async def conditions(effort: Effort) -> dict[str, Any]:
    """Machine, engines, versions and what else runs, taken before the first measurement."""
    middle, worst = fsync_milliseconds()
    return {
        "cores": cores(),
        "load average": [round(value, 2) for value in os.getloadavg()],
        "busiest other processes": dict(busiest()),
        "fsync of 1 KB, ms": {"p50": round(middle, 2), "p99": round(worst, 2)},
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **await engines(),
        "SQLite": sqlite3.sqlite_version,
        "libraries": {name: version(name) for name in LIBRARIES},
        "door and adapters": _placement(),
        "rounds": effort.rounds,
        "scale": effort.scale,
        "traffic": "loopback, keep-alive, no TLS; all services and their features are on",
    }


def _placement() -> str:
    server, senders = (", ".join(map(str, sorted(on))) for on in cores_apart())
    if not server:
        return "on any core"
    return f"server on core {server}; senders, and PostgreSQL if it is local, on {senders}"


def fsync_milliseconds(times: int = 200) -> tuple[float, float]:
    """Median and 99th percentile of appending 1 KB durably to a file beside the measured ones."""
    taken = []
    with tempfile.TemporaryFile() as file:
        for _ in range(times):
            file.write(b"x" * 1024)
            file.flush()
            begun = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(1000 * (time.perf_counter() - begun))
    return percentile(taken, 0.5), percentile(taken, 0.99)
