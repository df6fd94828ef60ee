"""Retention: raw deliveries go by age, a day at a time."""

from datetime import timedelta

from mediaops_common.jobs import Job
from mediaops_common.service import Runtime

from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.settings import IngestSettings

__all__ = ["FORGET_DELIVERIES"]


async def _forget(runtime: Runtime) -> None:
    settings: IngestSettings = runtime.settings
    log: DeliveryLog = runtime.state["delivery_log"]
    await log.drop_before(runtime.clock.now() - timedelta(days=settings.delivery_days))


FORGET_DELIVERIES = Job("forget-deliveries", 3_600, _forget)
"""Removes days older than the setting, never one with deliveries that were not read yet."""
