"""What the operating system says of processes: processor time, memory, who else is busy."""

import os
import resource
import time
from collections.abc import Set
from pathlib import Path

__all__ = [
    "Usage",
    "busiest",
    "cores",
    "cores_apart",
    "cpu_seconds",
    "hold",
    "hold_titled",
    "own_cpu_seconds",
    "rss_bytes",
]

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


def cores() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cores_apart() -> tuple[Set[int], Set[int]]:
    """One core for a server that is measured, the others for who loads it, so that neither takes
    the other's. None for either where there is one core, or where the system holds no process."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (set(usable[:1]), set(usable[1:])) if len(usable) > 1 else (set(), set())


def hold(pid: int, on: Set[int]) -> None:
    """Lets a process that has just begun run on these cores only; on all where none is named."""
    if on:
        os.sched_setaffinity(pid, on)


def hold_titled(pid: int, title: str, on: Set[int]) -> bool:
    """The same for another's process, if it is one of this machine whose title holds that text, and
    if the system lets us. Returns whether it is held."""
    try:
        is_it = title.encode() in (PROC / str(pid) / "cmdline").read_bytes()
        if is_it:
            hold(pid, on)
    except OSError:
        return False
    return is_it


def own_cpu_seconds() -> float:
    """Processor time of all threads of this process, the kernel's work for it included."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def cpu_seconds(pid: int) -> float:
    """The same of another process; 0 where the system does not tell."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0


def rss_bytes(pid: int) -> int:
    """Its resident memory; 0 where the system does not tell."""
    try:
        pages = (PROC / str(pid) / "statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * resource.getpagesize()


def _stat(pid: int) -> list[str]:
    """The fields behind the command's name, which may hold anything."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


class Usage:
    """Processor time and clock time of some work."""

    def __init__(self, pid: int | None = None) -> None:
        self._pid = pid
        self._begun, self._used = time.perf_counter(), self._now()
        self.seconds = self.cpu = 0.0

    def _now(self) -> float:
        return own_cpu_seconds() if self._pid is None else cpu_seconds(self._pid)

    def stop(self) -> "Usage":
        self.seconds, self.cpu = time.perf_counter() - self._begun, self._now() - self._used
        return self


def busiest(seconds: float = 1.0, most: int = 4) -> list[tuple[str, float]]:
    """(name, share of one core) of the busiest other processes over that time."""
    before = {pid: cpu_seconds(pid) for pid in _pids()}
    time.sleep(seconds)
    shares = []
    for pid, used in before.items():
        share = (cpu_seconds(pid) - used) / seconds
        if share >= 0.05 and pid != os.getpid():
            shares.append((_name(pid), round(share, 2)))
    return sorted(shares, key=lambda one: -one[1])[:most]


def _pids() -> list[int]:
    return [int(path.name) for path in PROC.iterdir() if path.name.isdigit()] if _has_proc() else []


def _has_proc() -> bool:
    return PROC.is_dir()


def _name(pid: int) -> str:
    try:
        return (PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return "?"
