"""Deliveries as the API shows them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

__all__ = ["DeliveryCounts", "DeliveryRaw", "DeliveryRead", "DeliveryStatus"]

DeliveryStatus = Literal["pending", "conflict", "failed", "duplicate", "done"]
"""The first that holds: not yet split, a conflict, a failure, all repeats, all well."""


class DeliveryCounts(BaseModel):
    """Items by outcome."""

    received: int
    normalised: int = 0
    duplicates: int = 0
    conflicts: int = 0
    rejected: int = 0
    failed: int = 0
    unmapped: int = 0
    pending: int = 0


class DeliveryRead(BaseModel):
    id: UUID
    source_id: UUID
    channel_id: UUID | None
    received_at: datetime
    status: DeliveryStatus
    reason: str | None
    counts: DeliveryCounts
    mapping_revision: int = 0
    notes: list[Any] = []
    """[item, outcome, detail] of items that are not simply normalised."""


class DeliveryRaw(BaseModel):
    """The request as it came, without what is secret."""

    id: UUID
    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body_text: str | None
    """The body where it is UTF-8, else null."""
    body_base64: str
