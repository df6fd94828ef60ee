"""The insights service: its table of contents."""

from mediaops_common.service import Runtime, Service

from mediaops_insights.audience import handlers as audience
from mediaops_insights.audience.jobs import FOLD_BITMAPS
from mediaops_insights.contents import api as contents
from mediaops_insights.contents import handlers as publications
from mediaops_insights.database import METADATA
from mediaops_insights.fast import FAST
from mediaops_insights.metrics import api as metrics
from mediaops_insights.overview import api as overview
from mediaops_insights.quality import handlers as quality
from mediaops_insights.registry import handlers as registry
from mediaops_insights.rollups.jobs import FINISH_MINUTES, FORGET_OLD_ROLLUPS
from mediaops_insights.settings import InsightsSettings
from mediaops_insights.stream import api as stream
from mediaops_insights.stream.hub import Hub
from mediaops_insights.stream.jobs import FORGET_OLD_EVENTS, tell_changes

__all__ = ["INSIGHTS"]


async def _start(runtime: Runtime) -> None:
    runtime.state["hub"] = Hub(runtime.database, runtime.stopping)


async def _stop(runtime: Runtime) -> None:
    await runtime.state["hub"].close()


INSIGHTS = Service(
    name="insights",
    metadata=METADATA,
    settings=InsightsSettings,
    routers=[metrics.router, contents.router, overview.router, stream.router],
    handlers=[
        registry.handlers,
        publications.handlers,
        quality.handlers,
        audience.handlers,
    ],
    groups=[FAST],
    jobs=[FOLD_BITMAPS, FINISH_MINUTES, FORGET_OLD_ROLLUPS, FORGET_OLD_EVENTS],
    workers=[tell_changes],
    start=_start,
    stop=_stop,
)
