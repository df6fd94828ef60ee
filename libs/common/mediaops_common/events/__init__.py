"""The contract between services, declared once: importing this package fills the registry."""

from mediaops_common.events.activity import (
    Activity,
    ActivityRecorded,
    ActivityRetracted,
    Actor,
    ContentRef,
    Money,
)
from mediaops_common.events.base import REGISTRY, Envelope, Event, Topic, decode, encode, event
from mediaops_common.events.channel import (
    AudienceRecorded,
    ChannelHeard,
    ChannelSaved,
    ChannelSilent,
    Consequences,
    PortraitLine,
    QualityComputed,
    SourceSaved,
    WorkspaceSaved,
)
from mediaops_common.events.content import ContentSaved, PublicationRegistered, RevisionCreated
from mediaops_common.events.crm import DayComputed, LifecycleChanged
from mediaops_common.events.operations import (
    ContentLaneStalled,
    CrmLaneStalled,
    CrmRebuildRequested,
    IngestLaneStalled,
    InsightsLaneStalled,
    InsightsRebuildRequested,
    LaneStalled,
    RebuildRequested,
)
from mediaops_common.events.snapshot import SnapshotRecorded

__all__ = [
    "REGISTRY",
    "Activity",
    "ActivityRecorded",
    "ActivityRetracted",
    "Actor",
    "AudienceRecorded",
    "ChannelHeard",
    "ChannelSaved",
    "ChannelSilent",
    "Consequences",
    "ContentLaneStalled",
    "ContentRef",
    "ContentSaved",
    "CrmLaneStalled",
    "CrmRebuildRequested",
    "DayComputed",
    "Envelope",
    "Event",
    "IngestLaneStalled",
    "InsightsLaneStalled",
    "InsightsRebuildRequested",
    "LaneStalled",
    "LifecycleChanged",
    "Money",
    "PortraitLine",
    "PublicationRegistered",
    "QualityComputed",
    "RebuildRequested",
    "RevisionCreated",
    "SnapshotRecorded",
    "SourceSaved",
    "Topic",
    "WorkspaceSaved",
    "decode",
    "encode",
    "event",
]
