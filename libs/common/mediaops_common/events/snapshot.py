"""Platforms' own counters (topic `mediaops.snapshot`)."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from mediaops_common.events.activity import ContentRef
from mediaops_common.events.base import Event, Topic, event

__all__ = ["SnapshotKind", "SnapshotRecorded"]

SnapshotKind = Literal["cumulative", "daily", "gauge"]


@event("snapshot.recorded", 1, Topic.snapshot, key="channel_id")
class SnapshotRecorded(Event, frozen=True, kw_only=True):
    """A platform's counter or report at a time. Never added to activities.

    The same id again is a correction: it says this and no more what it said, also where it names
    another day or content. Of several of one place (channel, content, metric, kind, as_of or day)
    the last that was said and not taken back stands.
    """

    id: UUID
    workspace_id: UUID
    channel_id: UUID
    platform: str
    metric: str
    """snake_case, such as `views`, `followers`, `likes`."""
    value: int
    kind: SnapshotKind
    """`cumulative`: total so far; `daily`: total of `day`; `gauge`: a level."""
    as_of: datetime
    day: date | None = None
    content: ContentRef | None = None
    received_at: datetime
    source_id: UUID
    delivery_id: UUID
    timezone: str
    item: int = 0
    output: int = 0
    mapping_revision: int = 0
    correction: bool = False
    is_retraction: bool = False
    """True takes the snapshot back (a mended mapping reads its item otherwise)."""
    known_at: datetime | None = None
    """The moment of the replay that brought it or takes it back; empty where it became known when
    it was received."""
