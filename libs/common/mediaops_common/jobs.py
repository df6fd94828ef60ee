"""Jobs by the clock: on one replica at a time, under a lease."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from mediaops_common.fenced import FencedDatabase
from mediaops_common.lease import Lease, LeaseLost, Tenure
from mediaops_common.outages import tell_failure
from mediaops_common.pace import until

if TYPE_CHECKING:
    from mediaops_common.service import Runtime

__all__ = ["Job", "run_job"]

log = structlog.get_logger(__name__)


LEASE_SECONDS = 30.0
"""Whatever the period: when a holder dies, another one has its jobs as soon after."""

LOOK_SECONDS = LEASE_SECONDS / 3
RETRY_SECONDS = 60.0


@dataclass(frozen=True)
class Job:
    """Runs every `every_seconds`, first soon after the start or after it was taken over; a run that
    fails is tried again, within a minute."""

    name: str
    every_seconds: float
    run: Callable[["Runtime"], Awaitable[None]]
    """Each transaction in which it writes by the runtime's database begins with the check of the
    job's lease: what it read before may be older than what its successor has told."""


async def run_job(runtime: "Runtime", job: Job, owner: str, stopping: asyncio.Event) -> None:
    """The loop of one job. The job's own transactions must be safe to repeat."""
    tenure = Tenure(runtime.database, f"job:{job.name}", owner, seconds=LEASE_SECONDS)
    due = 0.0
    while not stopping.is_set():
        try:
            held = await tenure.hold()
            if held is None:
                due = 0.0
            elif time.monotonic() >= due:
                due = time.monotonic() + min(job.every_seconds, RETRY_SECONDS)
                await _run(runtime, job, tenure, held)
                due = time.monotonic() + job.every_seconds
        except LeaseLost:
            due = 0.0
            log.info("job_taken_over", job=job.name)
        except Exception:
            tell_failure("job_failed", runtime.database, runtime.bus, job=job.name)
        await until(stopping, min(job.every_seconds, LOOK_SECONDS))
    await tenure.release()


async def _run(runtime: "Runtime", job: Job, tenure: Tenure, held: Lease) -> None:
    """One run, whose lease is kept beside it. Ends it and raises LeaseLost when it is another's."""
    fenced = FencedDatabase(runtime.database, held)
    running = asyncio.ensure_future(job.run(replace(runtime, database=fenced)))
    try:
        while not (await asyncio.wait({running}, timeout=LOOK_SECONDS))[0]:
            async with fenced.writing:
                await tenure.hold()
        await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
