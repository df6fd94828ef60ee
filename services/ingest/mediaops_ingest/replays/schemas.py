"""Replays as the API takes and shows them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ReplayCreate", "ReplayPreview", "ReplayRead", "ReplayStarted"]


class ReplayCreate(BaseModel):
    """Which deliveries of a source shall be read again under its present mapping."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    source_id: UUID
    from_: str | None = Field(default=None, alias="from")
    """A day of receipt in the workspace's zone, or a moment; open when absent."""
    to: str | None = None
    preview: bool = False
    """True tells what would change and changes nothing."""


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
    is_complete: bool
    """False when there are more deliveries than a preview reads."""
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
