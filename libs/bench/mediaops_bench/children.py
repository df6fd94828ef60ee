"""Child processes that speak one JSON text a line, and never outlive the measurement."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Set
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from mediaops_bench.load.jobs import Drive, Prepare
from mediaops_bench.machine import hold

__all__ = ["Child", "Generator", "a_child", "a_generator"]

LINE_BYTES = 4 << 20
END_SECONDS = 60.0
"""A server removes its databases when its input has ended."""


class Child:
    """A Python module as a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @property
    def pid(self) -> int:
        return self.process.pid

    async def line(self) -> Any:
        """The next line that it prints. Raises RuntimeError when it ended instead."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a child process ended with {await self.process.wait()}")
        return json.loads(line)

    async def ask(self, question: bytes) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(question + b"\n")
        await self.process.stdin.drain()
        return await self.line()


class Generator(Child):
    """A load generator. Its jobs come one after the other."""

    async def prepare(self, job: Prepare) -> dict[str, int]:
        found: dict[str, int] = await self.ask(msgspec.json.encode(job))
        return found

    async def drive(self, job: Drive) -> dict[str, Any]:
        """What it measured. Raises RuntimeError when an answer was not what was expected."""
        found: dict[str, Any] = await self.ask(msgspec.json.encode(job))
        if set(found["statuses"]) - {"200", "202", "204"}:
            raise RuntimeError(f"the server answered {found['statuses']}")
        return found


@asynccontextmanager
async def a_child(
    *arguments: str, kind: type[Child] = Child, on: Set[int] = frozenset()
) -> AsyncIterator[Any]:
    """Runs `python -m …`, on these cores where some are named; it is killed at the end if it does
    not end soon after its input."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES,
        start_new_session=True,
    )
    try:
        hold(process.pid, on)
        yield kind(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.wait(), END_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


@asynccontextmanager
async def a_generator(on: Set[int] = frozenset()) -> AsyncIterator[Generator]:
    async with a_child("mediaops_bench.load", kind=Generator, on=on) as child:
        yield child
