"""The demonstration beside `mediaops up`: a child process that plays a company."""

import asyncio
import contextlib
import ctypes
import signal
from importlib.metadata import entry_points
from pathlib import Path

__all__ = ["demo_command", "play"]

PR_SET_PDEATHSIG = 1


def demo_command(url: str, data: Path) -> list[str] | None:
    """The command line of the demonstration, or None when none is installed."""
    for point in entry_points(group="mediaops.demo"):
        command: list[str] = point.load()(url, data)
        return command
    return None


async def play(command: list[str], stopping: asyncio.Event) -> None:
    """Runs the child until it ends or the process stops; it stays in our process group.

    Its death changes nothing for the system: it is only one more sender of webhooks.
    """
    child = await asyncio.create_subprocess_exec(*command, preexec_fn=_end_with_parent)
    ended = asyncio.create_task(child.wait())
    asked = asyncio.create_task(stopping.wait())
    await asyncio.wait([ended, asked], return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        done, _ = await asyncio.wait([ended], timeout=3)
        if not done:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
    await ended


def _end_with_parent() -> None:
    # Even when the parent is killed; where the C library has no prctl the process group does it.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
