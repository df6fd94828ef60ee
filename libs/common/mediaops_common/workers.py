"""What runs beside the API of a service: relay, consumer groups, jobs, rebuilds."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from mediaops_common.asks import outbox_asks
from mediaops_common.clock import monotonic
from mediaops_common.consumer import ConsumerGroup, Handlers
from mediaops_common.group_runner import GroupRunner
from mediaops_common.health import Unhealthy
from mediaops_common.jobs import run_job
from mediaops_common.outages import tell_failure
from mediaops_common.pace import until
from mediaops_common.positions import begun_again
from mediaops_common.rebuild import run_rebuilds
from mediaops_common.relay import OutboxRelay
from mediaops_common.restored import Restored
from mediaops_common.stalls import open_stalls

if TYPE_CHECKING:
    from mediaops_common.service import Runtime

__all__ = ["groups_of", "run_workers", "watch_workers"]

Loop = Callable[[asyncio.Event], Awaitable[None]]
"""Runs until the event is set."""

STOP_SECONDS = 4.0
"""So long what is under way may take to end whole; what is cut off then is done again after the
next start. A process asked to end has ten seconds, and closing its files takes of them too."""

LONGEST_PAUSE = 10.0
"""Before a loop that fails again and again is started once more."""


def groups_of(runtime: "Runtime") -> list[ConsumerGroup]:
    """The service's consumer groups: its own, one per name of its handlers, and the asks."""
    merged: dict[str, Handlers] = {}
    for handlers in [*runtime.service.handlers, outbox_asks(runtime.service.name)]:
        known = merged.get(handlers.group)
        merged[handlers.group] = handlers if known is None else known.merged(handlers)
    return [*runtime.service.groups, *(handlers.as_group() for handlers in merged.values())]


def watch_workers(runtime: "Runtime", relay: OutboxRelay, runners: Sequence[GroupRunner]) -> None:
    """Readiness is red while a group cannot apply or misses a number, or may miss some that it has
    not been told of, and while nothing is published."""

    async def bus() -> None:
        if runtime.bus.trouble is not None:
            raise Unhealthy(
                runtime.bus.trouble,
                repair="see to the brokers, to MEDIAOPS_BUS_URL, and to name, password and"
                " certificates of MEDIAOPS_BUS_*; it goes on by itself",
            )

    async def outbox() -> None:
        if relay.refusal is not None:
            raise Unhealthy(relay.refusal, repair=Restored.repair)

    async def groups() -> None:
        for runner in runners:
            if not runner.healthy:
                raise Unhealthy(
                    f"{runner.name} cannot apply: {runner.reason}",
                    repair="see the log and the parked events; it goes on by itself once it can",
                )

    async def lanes() -> None:
        async with runtime.database.read() as session:
            again = await begun_again(session, [runner.name for runner in runners])
            missing = await open_stalls(session)
        if again:
            raise Unhealthy(
                f"{', '.join(again)}: the log was made again or trimmed, and what is missing is not"
                " known yet",
                repair="those who publish tell it within a minute: see that their workers are well",
            )
        if missing:
            raise Unhealthy(
                f"{len(missing)} lanes miss what was published",
                repair="who published it does so again by itself; where ingest's log says that it"
                " is not found order `mediaops ingest republish --since`",
            )

    runtime.health.add("bus", bus)
    runtime.health.add("outbox", outbox)
    runtime.health.add("groups", groups)
    runtime.health.add("lanes", lanes)


async def _keep_running(runtime: "Runtime", loop: Loop, stopping: asyncio.Event) -> None:
    """Starts a loop anew when it ends in an error that it does not handle itself: a disk that was
    full for a moment must not leave the service without its relay."""
    pause = 1.0
    while not stopping.is_set():
        started = monotonic()
        try:
            return await loop(stopping)
        except Exception:
            tell_failure("worker_failed", runtime.database, runtime.bus)
        if monotonic() - started > LONGEST_PAUSE:
            pause = 1.0  # it had run well meanwhile
        await until(stopping, pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def run_workers(runtime: "Runtime", stopping: asyncio.Event) -> None:
    """Runs until `stopping` is set; then everything finishes what it has under way."""
    service = runtime.service
    owner: str = runtime.state["owner"]
    relay = OutboxRelay(
        runtime.database,
        runtime.bus,
        producer=service.name,
        owner=owner,
        keep_days=runtime.common.bus.retention_days + 1,
    )
    runners = [
        GroupRunner(
            service=service.name,
            group=group,
            database=runtime.database,
            bus=runtime.bus,
            clock=runtime.clock,
        )
        for group in groups_of(runtime)
    ]
    runtime.state["runners"] = runners
    watch_workers(runtime, relay, runners)
    loops: list[Loop] = [relay.run]
    loops += [runner.run for runner in runners]
    loops += [partial(run_job, runtime, job, owner) for job in service.jobs]
    loops += [partial(worker, runtime) for worker in service.workers]
    loops += [partial(run_rebuilds, runtime, g) for g in service.groups if g.is_projection]
    tasks = [asyncio.create_task(_keep_running(runtime, loop, stopping)) for loop in loops]
    await stopping.wait()
    _done, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
    for task in late:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
