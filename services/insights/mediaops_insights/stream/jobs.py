"""The stream's one writer, and the job that forgets what is old."""

import asyncio
from datetime import timedelta

import structlog
from mediaops_common.jobs import Job
from mediaops_common.lease import LeaseLost, Tenure
from mediaops_common.outages import tell_failure
from mediaops_common.pace import until
from mediaops_common.service import Runtime

from mediaops_insights.stream import service

__all__ = ["FORGET_OLD_EVENTS", "tell_changes"]

log = structlog.get_logger(__name__)

EVERY_SECONDS = 0.5
"""At most two events a second for each minute that changes, and fewer of long ones."""

LOOK_SECONDS = 2.0
"""How long a change made by another process may go unnoticed."""

LEASE_SECONDS = 30.0
LEASE = "stream-writer"


async def tell_changes(runtime: Runtime, stopping: asyncio.Event) -> None:
    """Turns changed minutes into events, on one replica at a time."""
    owner: str = runtime.state["owner"]
    tenure = Tenure(runtime.database, LEASE, owner, seconds=LEASE_SECONDS)
    changed, paces = runtime.database.committed(), service.Paces()
    while not stopping.is_set():
        changed.clear()
        try:
            held = await tenure.hold()
            if held is not None:
                await service.write_events(runtime.database, held, runtime.clock.now(), paces)
        except LeaseLost:
            log.info("stream_taken_over")
        except Exception:
            tell_failure("stream_writer_failed", runtime.database)
        await until(stopping, EVERY_SECONDS)
        await until(changed, LOOK_SECONDS - EVERY_SECONDS)
    await tenure.release()


async def forget_old_events(runtime: Runtime) -> None:
    kept = timedelta(hours=runtime.settings.stream_kept_hours)
    await service.forget_old(runtime.database, runtime.clock.now() - kept)


FORGET_OLD_EVENTS = Job("forget-old-events", every_seconds=600, run=forget_old_events)
