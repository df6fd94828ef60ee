"""Adds minutes that are over to hours and days; forgets minutes and hours when their time is."""

from mediaops_common.jobs import Job
from mediaops_common.service import Runtime

from mediaops_insights.rollups import service

__all__ = ["FINISH_MINUTES", "FORGET_OLD_ROLLUPS"]


async def finish_minutes(runtime: Runtime) -> None:
    await service.finish_minutes(runtime.database, runtime.clock.now())


FINISH_MINUTES = Job("finish-minutes", every_seconds=20, run=finish_minutes)


async def forget_old_rollups(runtime: Runtime) -> None:
    await service.forget_old(runtime.database, runtime.clock.now())


FORGET_OLD_ROLLUPS = Job("forget-old-rollups", every_seconds=3600, run=forget_old_rollups)
