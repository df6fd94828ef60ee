"""Deliveries to be logged."""

from datetime import UTC, datetime
from uuid import UUID

from mediaops_common.ids import new_id
from mediaops_ingest.delivery_log.port import NewDelivery

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def a_delivery(body: bytes = b"{}", **changes) -> NewDelivery:
    values = {
        "id": new_id(),
        "workspace_id": UUID(int=1),
        "source_id": UUID(int=2),
        "channel_id": UUID(int=3),
        "shard": 7,
        "adapter": "standard-webhooks",
        "received_at": NOON,
        "body": body,
    }
    return NewDelivery(**(values | changes))
