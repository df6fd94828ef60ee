"""The table of contents of ingest: what it serves, what runs beside, what starts and stops."""

from types import ModuleType

from mediaops_common import failpoints
from mediaops_common.service import Runtime, Service

from mediaops_ingest.adapters import api as adapters
from mediaops_ingest.admin import api as admin
from mediaops_ingest.channels import api as channels
from mediaops_ingest.database import METADATA
from mediaops_ingest.deliveries import api as deliveries
from mediaops_ingest.deliveries.jobs import FORGET_OUTCOMES
from mediaops_ingest.delivery_log import lifecycle as delivery_log
from mediaops_ingest.delivery_log.carrying import DELIVERIES
from mediaops_ingest.delivery_log.jobs import FORGET_DELIVERIES
from mediaops_ingest.door import documentation
from mediaops_ingest.door import lifecycle as door
from mediaops_ingest.door.front import direct, front
from mediaops_ingest.events import api as events
from mediaops_ingest.health import api as health
from mediaops_ingest.health.jobs import LISTEN
from mediaops_ingest.hub_leases import api as hub_leases
from mediaops_ingest.hub_leases.jobs import ASK_HUBS
from mediaops_ingest.normaliser.supervisor import run_shards
from mediaops_ingest.portraits import api as portraits
from mediaops_ingest.quality import api as quality
from mediaops_ingest.quality.jobs import TELL_QUALITY
from mediaops_ingest.replays import api as replays
from mediaops_ingest.republish import handlers as republish
from mediaops_ingest.settings import IngestSettings
from mediaops_ingest.sources import api as sources
from mediaops_ingest.workspaces import api as workspaces

__all__ = ["INGEST"]

PARTS: tuple[ModuleType, ...] = (delivery_log, door)
"""Started in this order, stopped in the opposite one."""


async def _start(runtime: Runtime) -> None:
    failpoints.arm_from_environment(production=runtime.common.store.production)
    for part in PARTS:
        await part.start(runtime)


async def _stop(runtime: Runtime) -> None:
    for part in reversed(PARTS):
        await part.stop(runtime)


INGEST = Service(
    name="ingest",
    metadata=METADATA,
    settings=IngestSettings,
    routers=[
        workspaces.router,
        channels.router,
        portraits.router,
        health.router,
        sources.router,
        hub_leases.router,
        adapters.router,
        deliveries.router,
        replays.router,
        events.router,
        quality.router,
        admin.router,
        documentation.router,
    ],
    handlers=[republish.handlers],
    jobs=[FORGET_DELIVERIES, FORGET_OUTCOMES, TELL_QUALITY, ASK_HUBS, LISTEN],
    workers=[run_shards],
    start=_start,
    stop=_stop,
    front=front,
    direct=direct,
    beside=[DELIVERIES],
    owns_workspaces=True,
)
