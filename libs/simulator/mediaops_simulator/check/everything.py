"""All checks, one after the other."""

from mediaops_simulator.check.audience import check_growth, check_histogram, check_stickiness
from mediaops_simulator.check.audit import check_audit
from mediaops_simulator.check.comparisons import check_comparisons
from mediaops_simulator.check.mending import check_mending
from mediaops_simulator.check.metrics import check_metrics
from mediaops_simulator.check.quality import check_quality
from mediaops_simulator.check.retention import check_retention
from mediaops_simulator.check.scene import Scene
from mediaops_simulator.check.tally import Tally
from mediaops_simulator.system.api import Api
from mediaops_simulator.system.crew import Crew
from mediaops_simulator.system.mending import Mended
from mediaops_simulator.truth.reading import as_it_was

__all__ = ["verify"]


async def verify(crew: Crew, operator: Api, mended: Mended | None) -> Tally:
    """Compares every number with the book. The system must have settled."""
    now = crew.sender.clock.now()
    today = now.astimezone(crew.book.zone).date()
    first = min(crew.book.first_day, today)
    scene = Scene(crew.api, crew.workplace, crew.book, as_it_was, first, today, now, Tally())
    await check_stickiness(scene)
    await check_histogram(scene)
    await check_retention(scene)
    await check_growth(scene)
    await check_metrics(scene)
    await check_comparisons(scene, mended)
    await check_quality(scene)
    await check_audit(scene, operator)
    if mended is not None:
        check_mending(scene.tally, crew.book, mended)
    return scene.tally
