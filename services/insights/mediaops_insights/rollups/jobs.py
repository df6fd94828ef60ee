"""Forgets minutes and hours when their time is over."""

from mediaops_common.jobs import Job
from mediaops_common.service import Runtime

from mediaops_insights.rollups import service

__all__ = ["FORGET_OLD_ROLLUPS"]


async def forget_old_rollups(runtime: Runtime) -> None:
    await service.forget_old(runtime.database, runtime.clock.now())


FORGET_OLD_ROLLUPS = Job("forget-old-rollups", every_seconds=3600, run=forget_old_rollups)
