"""The canonical activity and its retraction (topic `mediaops.activity`)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from mediaops_common.events.base import Event, Topic, event
from mediaops_common.lengths import LONGEST_ID

__all__ = [
    "Activity",
    "ActivityRecorded",
    "ActivityRetracted",
    "Actor",
    "ContentRef",
    "Money",
    "actor_key",
    "region_of",
]


class Actor(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A person as a platform knows them: unique by (workspace, platform, id_scope, external_id)."""

    external_id: str
    id_scope: str = ""
    """Empty where the platform's ids are global, else the channel or the app they belong to."""
    union_id: str | None = None
    name: str | None = None
    attributes: dict[str, Any] = msgspec.field(default_factory=dict)


class ContentRef(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    external_id: str


class Money(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    amount_minor: int
    """Integer minor units: 1990 with CNY is 19.90 yuan."""
    currency: str


class Activity(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One actor did one thing at one time on one channel."""

    id: UUID
    workspace_id: UUID
    channel_id: UUID
    platform: str
    type: str
    occurred_at: datetime
    received_at: datetime
    source_id: UUID
    delivery_id: UUID
    timezone: str
    """The workspace's zone: it cuts the day, and travels along so that no consumer must ask."""
    actor: Actor | None = None
    content: ContentRef | None = None
    count: int = 1
    value: Money | None = None
    text: str | None = None
    parent_external_id: str | None = None
    context: dict[str, Any] = msgspec.field(default_factory=dict)
    item: int = 0
    """Position of the item in its delivery."""
    output: int = 0
    """Position of this activity among those of its item."""
    mapping_revision: int = 0
    """The mapping revision that first produced it; part of the id."""
    by_channel: bool = False
    """The actor is the channel itself: such an activity makes nobody active."""
    known_at: datetime | None = None
    """The moment of the replay that brought it; empty where it became known when it was
    received."""

    @property
    def key(self) -> str:
        """What keys its record: the actor, or the channel where there is none."""
        return activity_key(self)


def activity_key(activity: Activity) -> str:
    """`workspace:platform:scope:external id`, or the channel's id without an actor."""
    actor = activity.actor
    if actor is None:
        return str(activity.channel_id)
    return actor_key(str(activity.workspace_id), activity.platform, actor)


def actor_key(workspace_id: str, platform: str, actor: Actor) -> str:
    """The same for those who have the workspace's id as text."""
    return f"{workspace_id}:{platform}:{actor.id_scope}:{actor.external_id}"


def region_of(context: Mapping[str, Any]) -> str | None:
    """Where it happened, by the context of an activity: as if nothing were said where that is no
    text, or one that is too long to count by, as archives of old may hold it."""
    region = context.get("region")
    return region if isinstance(region, str) and 0 < len(region) <= LONGEST_ID else None


@event("activity.recorded", 1, Topic.activity, key="activity.key")
class ActivityRecorded(Event, frozen=True, kw_only=True):
    """An act became known, for the first time. It counts once."""

    activity: Activity


@event("activity.retracted", 1, Topic.activity, key="activity.key")
class ActivityRetracted(Event, frozen=True, kw_only=True):
    """An activity is taken back, because a mended mapping reads its item otherwise.

    It travels in the lane of the activity it takes back, after it.
    """

    activity: Activity
    """The whole old activity, so that every projection can subtract what it added."""
    retracted_at: datetime
    reason: str
    replaced_by: UUID | None = None
    """The activity that stands in its place, if any."""
    remaining_active: int = 0
    """How many other activities that stand keep this actor active on this channel on this local
    day, as counted by the shard's lease holder at this place of the lane. 0 clears the bit."""
