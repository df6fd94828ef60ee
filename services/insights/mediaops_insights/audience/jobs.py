"""Folds the small bitmaps that batches append."""

from mediaops_common.jobs import Job
from mediaops_common.service import Runtime

from mediaops_insights.audience import service

__all__ = ["FOLD_BITMAPS"]


async def fold_bitmaps(runtime: Runtime) -> None:
    await service.fold_deltas(runtime.database)


FOLD_BITMAPS = Job("fold-bitmaps", every_seconds=10, run=fold_bitmaps)
