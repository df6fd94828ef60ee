"""Opens the delivery log: its URL picks the adapter."""

from pathlib import Path

from mediaops_common.clock import Clock
from sqlalchemy.engine import make_url

from mediaops_ingest.delivery_log.intake import Limits
from mediaops_ingest.delivery_log.port import DeliveryLog

__all__ = ["open_log"]


async def open_log(url: str, clock: Clock, limits: Limits | None = None) -> DeliveryLog:
    """Opens `sqlite:///folder` (a file for each day in it) or `postgresql://…` (a partition)."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        from mediaops_ingest.delivery_log.postgres import open_postgres_log

        return await open_postgres_log(parsed, clock, limits)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise ValueError("a delivery log's URL begins with sqlite:/// or postgresql://")
    from mediaops_ingest.delivery_log.embedded import open_embedded_log

    return await open_embedded_log(Path(parsed.database), clock, limits)
