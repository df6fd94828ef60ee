"""Replays as the API takes and shows them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["ReplayCreate", "ReplayPreview", "ReplayRead", "ReplayStarted"]


class ReplayCreate(BaseModel):
    """Which deliveries of one source shall be read again under its present mapping."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    source_id: UUID | None = None
    """May be left out where deliveries are named."""
    delivery_ids: list[UUID] | None = Field(default=None, min_length=1, max_length=1000)
    """Only these; all of the source when absent."""
    from_: str | None = Field(default=None, alias="from")
    """A day of receipt in the workspace's zone, or a moment; open when absent."""
    to: str | None = None
    preview: bool = False
    """True tells what would change and changes nothing."""

    @model_validator(mode="after")
    def _names_something(self) -> "ReplayCreate":
        if self.source_id is None and self.delivery_ids is None:
            raise ValueError("source_id or delivery_ids is required")
        return self


class ReplayPreview(BaseModel):
    """The difference that a replay would make."""

    preview: Literal[True] = True
    deliveries: int
    unavailable: int
    """Deliveries whose raw bytes the log no longer has."""
    unchanged: int
    changed: int
    """Retracted and replaced."""
    retracted: int
    """Taken back without anything in their place."""
    missing: int
    """New."""
    failed: int
    """Items that the present mapping cannot read: they stay what they are."""
    is_complete: bool
    """False when there is more than a preview reads: 10 000 deliveries, or 100 000 items."""
    samples: list[dict[str, Any]]
    """Up to 20 changes: {delivery_id, item, old, new}."""


class ReplayStarted(BaseModel):
    preview: Literal[False] = False
    replay_id: UUID
    state: str


class ReplayRead(BaseModel):
    replay_id: UUID
    source_id: UUID
    state: Literal["queued", "running", "done", "failed"]
    counts: dict[str, int]
    error: str | None
    created_by: str
    created_at: datetime
    finished_at: datetime | None
