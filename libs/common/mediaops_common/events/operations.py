"""What consumers ask of producers: missing numbers, and the archive for a rebuild."""

from uuid import UUID

from mediaops_common.events.base import Event, Topic, event

__all__ = [
    "ContentLaneStalled",
    "CrmLaneStalled",
    "CrmRebuildRequested",
    "IngestLaneStalled",
    "InsightsLaneStalled",
    "InsightsRebuildRequested",
    "LaneStalled",
    "RebuildRequested",
]


class LaneStalled(Event, frozen=True, kw_only=True):
    """A consumer misses a number of a lane; the owner of the lane goes back to it."""

    producer: str
    topic: str
    shard: int
    slot: int
    missing: int
    """The first number it has not got."""
    fence: int
    """The fencing number of the heads that showed the gap; an ask under an older one is void."""
    group: str


class RebuildRequested(Event, frozen=True, kw_only=True):
    """A consumer wants the archive again, in lane order, on a topic of its own."""

    rebuild_id: UUID
    service: str
    topic: str


@event("ingest.lane.stalled", 1, Topic.channel, key="group")
class IngestLaneStalled(LaneStalled, frozen=True, kw_only=True):
    """ingest misses a number of a lane."""


@event("content.lane.stalled", 1, Topic.content, key="group")
class ContentLaneStalled(LaneStalled, frozen=True, kw_only=True):
    """content misses a number of a lane."""


@event("crm.lane.stalled", 1, Topic.crm, key="group")
class CrmLaneStalled(LaneStalled, frozen=True, kw_only=True):
    """crm misses a number of a lane."""


@event("insights.lane.stalled", 1, Topic.insights, key="group")
class InsightsLaneStalled(LaneStalled, frozen=True, kw_only=True):
    """insights misses a number of a lane."""


@event("crm.rebuild.requested", 1, Topic.crm, key="rebuild_id")
class CrmRebuildRequested(RebuildRequested, frozen=True, kw_only=True):
    """crm wants the archive again."""


@event("insights.rebuild.requested", 1, Topic.insights, key="rebuild_id")
class InsightsRebuildRequested(RebuildRequested, frozen=True, kw_only=True):
    """insights wants the archive again."""
