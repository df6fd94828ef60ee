"""A server that is loaded: one of its own, with hooks and a token for posts."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mediaops_bench.children import Child, Generator, a_child
from mediaops_bench.figures import Sample
from mediaops_bench.load.jobs import Drive, Form, Prepare
from mediaops_bench.machine import cores_apart, cpu_seconds, hold_titled
from mediaops_bench.place import database_processes

__all__ = ["Load", "Target", "a_bare_target", "a_target"]


@dataclass(frozen=True)
class Load:
    """One kind of request."""

    form: Form
    items: int
    """Activities in each."""
    count: int
    sender: str = ""
    connections: int = 32
    """Each has one request under way."""


@dataclass(frozen=True)
class Target:
    """A running server and what its requests are made with."""

    child: Child
    port: int
    hooks: dict[str, list[tuple[str, str, str]]]
    """By sender."""
    token: str

    def _job(self, load: Load, count: int) -> Prepare:
        return Prepare(
            form=load.form,
            count=count,
            items=load.items,
            hooks=self.hooks[load.sender],
            token=self.token,
            sender=load.sender,
        )

    async def warm_up(self, generator: Generator, load: Load) -> None:
        """Every channel is met a few times, so that what is loaded once is loaded before. What
        PostgreSQL does for it on this machine goes to the core of the senders, as the server has
        its own for itself."""
        count = 4 * len(self.hooks[load.sender])
        await generator.prepare(self._job(load, count))
        await generator.drive(Drive(port=self.port, seconds=10.0, most=count))
        _, senders_on = cores_apart()
        for pid, database in (await database_processes()).items():
            hold_titled(pid, database, senders_on)

    async def take(self, generator: Generator, load: Load, seconds: float) -> Sample:
        """Its rates under that load; no request is sent that was sent in another round."""
        await generator.prepare(self._job(load, load.count))
        used = cpu_seconds(self.child.pid)
        drive = Drive(port=self.port, seconds=seconds, connections=load.connections)
        found = await generator.drive(drive)
        used = cpu_seconds(self.child.pid) - used
        answers = sum(found["statuses"].values())
        return {
            "rate": load.items * answers / found["seconds"],
            "cpu rate": load.items * answers / max(used, 0.01),
            "p50": found["p50_ms"],
            "p99": found["p99_ms"],
        }


@asynccontextmanager
async def a_target(
    variant: str, folder: Path, channels: int, senders: Sequence[str] = ()
) -> AsyncIterator[Target]:
    """Starts a variant of the door's server, on a core of its own where there are several."""
    folder = folder / variant
    folder.mkdir()
    arguments = ("mediaops_bench.door_server", variant, str(folder), str(channels), *senders)
    server_on, _ = cores_apart()
    async with a_child(*arguments, on=server_on) as child:
        told = await child.line()
        yield Target(child, told["port"], told["hooks"], told["token"])


@asynccontextmanager
async def a_bare_target(of: Target) -> AsyncIterator[Target]:
    """Starts a bare ASGI app in the same place. It gets the requests of another."""
    server_on, _ = cores_apart()
    async with a_child("mediaops_bench.bare_server", on=server_on) as child:
        told = await child.line()
        yield Target(child, told["port"], of.hooks, of.token)
