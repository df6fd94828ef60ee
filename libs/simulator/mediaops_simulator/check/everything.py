"""All checks, one after the other."""

from mediaops_simulator.check.audience import check_growth, check_histogram, check_stickiness
from mediaops_simulator.check.metrics import check_metrics
from mediaops_simulator.check.quality import check_quality
from mediaops_simulator.check.retention import check_retention
from mediaops_simulator.check.scene import Scene

__all__ = ["check_everything"]


async def check_everything(scene: Scene) -> None:
    """Fills the scene's tally."""
    await check_stickiness(scene)
    await check_histogram(scene)
    await check_retention(scene)
    await check_growth(scene)
    await check_metrics(scene)
    await check_quality(scene)
