"""Jobs by the clock: on one replica at a time, under a lease."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from mediaops_common.lease import LeaseLost, Tenure
from mediaops_common.outages import tell_failure
from mediaops_common.pace import until

if TYPE_CHECKING:
    from mediaops_common.service import Runtime

__all__ = ["Job", "run_job"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Job:
    """Runs every `every_seconds`, first soon after the start; a run that fails is tried again."""

    name: str
    every_seconds: float
    run: Callable[["Runtime"], Awaitable[None]]


async def run_job(runtime: "Runtime", job: Job, owner: str, stopping: asyncio.Event) -> None:
    """The loop of one job. The job's own transactions must be safe to repeat."""
    seconds = max(30.0, job.every_seconds * 3)
    tenure = Tenure(runtime.database, f"job:{job.name}", owner, seconds=seconds)
    while not stopping.is_set():
        try:
            if await tenure.hold() is not None:
                await job.run(runtime)
        except LeaseLost:
            log.info("job_taken_over", job=job.name)
        except Exception:
            tell_failure("job_failed", runtime.database, runtime.bus, job=job.name)
        await until(stopping, job.every_seconds)
    await tenure.release()
