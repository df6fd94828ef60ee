"""Health as the HTTP API shows it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

__all__ = ["ChannelHealth", "SecretHealth", "SourceHealth", "Warned"]


class SecretHealth(BaseModel):
    """The secrets of a source, without a word of what they are."""

    since: datetime
    """When the newest set was entered."""
    expires_at: datetime | None
    """When the platform ends it, where that was said."""
    old_live_until: datetime | None
    """Until when the set before it is accepted as well."""


class SourceHealth(BaseModel):
    source_id: UUID
    adapter: str
    enabled: bool
    last_received_at: datetime | None
    last_event_at: datetime | None
    """The newest time of an activity that it brought."""
    quiet_seconds: float | None
    allowed_seconds: int | None
    """Twice its longest pause of the last two weeks; null until it was heard on three days."""
    is_silent: bool
    secret: SecretHealth | None


class Warned(BaseModel):
    code: Literal[
        "no_source", "never_heard", "silent", "secret_expiring", "secret_expired", "one_operator"
    ]
    source_id: UUID | None
    detail: str


class ChannelHealth(BaseModel):
    channel_id: UUID
    last_received_at: datetime | None
    """Of all its sources, files and the API among them."""
    last_event_at: datetime | None
    is_silent: bool
    """All of its sources that have a rhythm are silent."""
    sources: list[SourceHealth]
    warnings: list[Warned]
