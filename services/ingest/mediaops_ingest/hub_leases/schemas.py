"""Leases as the HTTP API shows them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict


class HubLeaseRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    topic: str
    state: Literal["waiting", "asked", "granted", "denied", "unreachable"]
    reason: str
    """What the hub said, where it did not take it."""
    asked_at: datetime | None
    ends_at: datetime | None
    ask_at: datetime
    """When it is asked for next: of a granted one when two thirds of it are over."""
