"""Opens and closes the delivery log with the service."""

from mediaops_common.health import Unhealthy
from mediaops_common.service import Runtime
from mediaops_common.settings import StoreSettings

from mediaops_ingest.deliveries.service import cursors
from mediaops_ingest.delivery_log.intake import Limits
from mediaops_ingest.delivery_log.open import open_log
from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.settings import IngestSettings

__all__ = ["log_url", "start", "stop"]


async def start(runtime: Runtime) -> None:
    settings: IngestSettings = runtime.settings
    limits = Limits(settings.waiting_deliveries, settings.waiting_bytes, settings.append_seconds)
    log = await open_log(log_url(runtime.common.store), runtime.clock, limits)
    runtime.state["delivery_log"] = log
    async with runtime.database.read() as session:
        read = await cursors(session)
    if read:  # the backlog counts from the first request on, before any shard is held
        log.note_read(min(read.values()))

    async def check() -> None:
        if log.trouble is not None:
            raise Unhealthy(
                log.trouble,
                repair="make room on the disk, or see to the database; it goes on by itself",
            )

    runtime.health.add("delivery-log", check)


def log_url(store: StoreSettings) -> str:
    """In the service's database where that serves many replicas; else in files beside it."""
    url = store.url_of("ingest")
    return url if url.startswith("postgresql") else f"sqlite:///{store.data}/deliveries"


async def stop(runtime: Runtime) -> None:
    log: DeliveryLog = runtime.state["delivery_log"]
    await log.close()
