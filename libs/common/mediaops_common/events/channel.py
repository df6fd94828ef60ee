"""What ingest says of workspaces, channels, sources and their quality (`mediaops.channel`)."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from mediaops_common.events.base import Event, Topic, event

__all__ = [
    "AudienceRecorded",
    "ChannelHeard",
    "ChannelSaved",
    "ChannelSilent",
    "Consequences",
    "PortraitLine",
    "QualityComputed",
    "SourceSaved",
    "WorkspaceSaved",
]


@event("ingest.workspace.saved", 1, Topic.channel, key="workspace_id", is_state=True)
class WorkspaceSaved(Event, frozen=True, kw_only=True):
    """A workspace was made or changed."""

    workspace_id: UUID
    slug: str
    name: str
    timezone: str
    version: int


class Consequences(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from who owns a channel (新媒体 / 自媒体)."""

    approval_steps: int
    """Approvals before something may be published."""
    persona_required: bool
    """Whether it must speak with the voice of a persona (人格化)."""
    kpis: list[str]
    """The metrics it is judged by, by their names in insights."""
    revenue_types: list[str]
    """The kinds of income that are expected of it."""


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
    verticals: list[str] = msgspec.field(default_factory=list)
    """The niches (垂直领域) it is about."""
    operators: list[str] = msgspec.field(default_factory=list)
    """The subjects of the people who run it."""
    consequences: Consequences | None = None
    """Of `owner_kind`. None in events from before they were told."""


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
    unmapped: int = 0
    """Of those normalised: what no mapping knows."""
    late: int = 0
    """Activities that came later after they had happened than the platform's lateness allows."""


class PortraitLine(msgspec.Struct, frozen=True, kw_only=True):
    """One item of one dimension of an audience portrait."""

    dimension: str
    item: str
    share: float
    """Of the audience, 0 to 1."""
    tgi: float | None = None
    """目标群体指数: 100 times the share in this audience by the share in the base."""


@event("ingest.audience.recorded", 1, Topic.channel, key="channel_id")
class AudienceRecorded(Event, frozen=True, kw_only=True):
    """What a platform says of a channel's audience on a day; a higher revision of the same day
    corrects it."""

    workspace_id: UUID
    channel_id: UUID
    portrait_id: UUID
    day: date
    revision: int
    lines: list[PortraitLine]


@event("ingest.channel.silent", 1, Topic.channel, key="channel_id")
class ChannelSilent(Event, frozen=True, kw_only=True):
    """A source has been quiet for longer than its own rhythm explains."""

    workspace_id: UUID
    channel_id: UUID
    source_id: UUID
    last_received_at: datetime
    allowed_seconds: int
    """How long it may be quiet, by what it did in the last two weeks."""
    noticed_at: datetime


@event("ingest.channel.heard", 1, Topic.channel, key="channel_id")
class ChannelHeard(Event, frozen=True, kw_only=True):
    """A source that had fallen silent is heard again."""

    workspace_id: UUID
    channel_id: UUID
    source_id: UUID
    silent_since: datetime
    last_received_at: datetime
