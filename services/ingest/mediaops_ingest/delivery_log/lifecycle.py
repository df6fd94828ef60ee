"""Opens and closes the delivery log with the service."""

from mediaops_common.health import Unhealthy
from mediaops_common.service import Runtime

from mediaops_ingest.deliveries.service import cursors
from mediaops_ingest.delivery_log.embedded import open_embedded_log
from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.settings import IngestSettings

__all__ = ["start", "stop"]


async def start(runtime: Runtime) -> None:
    settings: IngestSettings = runtime.settings
    log = await open_embedded_log(
        runtime.data_dir / "deliveries",
        runtime.clock,
        max_waiting=settings.waiting_deliveries,
        max_waiting_bytes=settings.waiting_bytes,
        patience_seconds=settings.append_seconds,
    )
    runtime.state["delivery_log"] = log
    async with runtime.database.read() as session:
        read = await cursors(session)
    if read:  # the backlog counts from the first request on, before any shard is held
        log.note_read(min(read.values()))

    async def check() -> None:
        if log.trouble is not None:
            raise Unhealthy(log.trouble, repair="make room on the disk; it goes on by itself")

    runtime.health.add("delivery-log", check)


async def stop(runtime: Runtime) -> None:
    log: DeliveryLog = runtime.state["delivery_log"]
    await log.close()
