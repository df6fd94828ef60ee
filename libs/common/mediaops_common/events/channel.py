"""What ingest says of workspaces, channels, sources and their quality (`mediaops.channel`)."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from mediaops_common.events.base import Event, Topic, event

__all__ = ["ChannelSaved", "QualityComputed", "SourceSaved", "WorkspaceSaved"]


@event("ingest.workspace.saved", 1, Topic.channel, key="workspace_id", is_state=True)
class WorkspaceSaved(Event, frozen=True, kw_only=True):
    """A workspace was made or changed."""

    workspace_id: UUID
    slug: str
    name: str
    timezone: str
    version: int


@event("ingest.channel.saved", 1, Topic.channel, key="channel_id", is_state=True)
class ChannelSaved(Event, frozen=True, kw_only=True):
    """A channel was made or changed."""

    workspace_id: UUID
    channel_id: UUID
    platform: str
    external_id: str
    name: str
    owner_kind: Literal["organisation", "individual"]
    version: int


@event("ingest.source.saved", 1, Topic.channel, key="source_id", is_state=True)
class SourceSaved(Event, frozen=True, kw_only=True):
    """A source was made or changed. Nothing secret is in it."""

    workspace_id: UUID
    source_id: UUID
    channel_id: UUID | None
    adapter: str
    enabled: bool
    version: int


@event("ingest.quality.computed", 1, Topic.channel, key="source_id")
class QualityComputed(Event, frozen=True, kw_only=True):
    """The items of one source received on one day, by outcome, as of `version`."""

    workspace_id: UUID
    source_id: UUID
    channel_id: UUID | None
    day: date
    deliveries: int
    received: int
    normalised: int
    duplicates: int
    conflicts: int
    rejected: int
    failed: int
    pending: int
    newest_received_at: datetime | None
    version: int
    """Rises with every change of this source and day; the highest is the truth."""
