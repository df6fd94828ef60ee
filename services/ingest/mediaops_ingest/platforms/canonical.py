"""The canonical activity and snapshot as partners and `POST /activities` send them.

The structs say what a field may be; `activity_fault` and `snapshot_fault` say what a type cannot.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from mediaops_common.activity_types import is_known_type
from mediaops_common.events.activity import Actor, Money
from mediaops_common.events.snapshot import SnapshotKind
from mediaops_common.lengths import LONGEST_ID, LONGEST_TYPE
from msgspec import Meta

from mediaops_ingest.platforms.port import ActivityDraft, Context, SnapshotDraft
from mediaops_ingest.platforms.times import is_plausible, is_plausible_day

__all__ = [
    "ACTIVITY_FIELDS",
    "MAX_ITEM_BYTES",
    "SNAPSHOT_FIELDS",
    "CanonicalActivity",
    "CanonicalSnapshot",
    "activity_fault",
    "are_sound_activities",
    "are_sound_snapshots",
    "draft_of_activity",
    "draft_of_snapshot",
    "plain_type",
    "snapshot_fault",
]

MAX_ITEM_BYTES = 65_536
"""Of one activity or snapshot, everything in `context` included."""

_PREFIX = "com.mediaops."

Id = Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)]
Name = Annotated[str, Meta(max_length=255)]
Moment = Annotated[datetime, Meta(tz=True)]


class CanonicalActor(msgspec.Struct, frozen=True, gc=False):
    external_id: Id
    union_id: Id | None = None
    name: Name | None = None
    attributes: dict[str, Any] | None = None


class CanonicalContent(msgspec.Struct, frozen=True, gc=False):
    external_id: Id


class CanonicalMoney(msgspec.Struct, frozen=True, gc=False):
    amount_minor: Annotated[int, Meta(ge=-(10**12), le=10**12)]
    currency: Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]


class CanonicalActivity(msgspec.Struct, frozen=True, gc=False):
    """Fields that are not here are kept in `context`, not refused."""

    type: Annotated[str, Meta(min_length=1, max_length=LONGEST_TYPE)]
    occurred_at: Moment
    channel_id: UUID | None = None
    actor: CanonicalActor | None = None
    content: CanonicalContent | None = None
    count: Annotated[int, Meta(ge=1, le=1_000_000_000)] = 1
    value: CanonicalMoney | None = None
    text: Annotated[str, Meta(max_length=20_000)] | None = None
    parent_external_id: Id | None = None
    context: dict[str, Any] | None = None
    dedup_key: Id | None = None
    region: Any = None
    """Kept in `context` like all that has no field here; read, since it can be too long there."""


class CanonicalSnapshot(msgspec.Struct, frozen=True, gc=False):
    metric: Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,63}\Z")]
    value: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    kind: SnapshotKind
    as_of: Moment
    channel_id: UUID | None = None
    content: CanonicalContent | Id | None = None
    day: date | None = None
    dedup_key: Id | None = None


ACTIVITY_FIELDS = frozenset(CanonicalActivity.__struct_fields__) - {"region"}
SNAPSHOT_FIELDS = frozenset(CanonicalSnapshot.__struct_fields__)


def plain_type(type_: str) -> str:
    """The type without the `com.mediaops.` that CloudEvents senders put in front of it."""
    return type_.removeprefix(_PREFIX)


def activity_fault(
    activity: CanonicalActivity, now: datetime, unknown: Mapping[str, Any] | None = None
) -> tuple[str, str] | None:
    """The field that is wrong and why, beyond what the struct says; None for a good one.

    `unknown` are more fields that will be kept in the context. That everything in it can be stored
    is for `strict_json` to say.
    """
    if not _is_ours(activity.type):
        return "type", "is not a type of activity"
    if not is_plausible(activity.occurred_at, now):
        return "occurred_at", "must lie between 2000-01-01 and 24 hours ahead"
    if _has_long_region(activity) or (unknown and _is_long(unknown.get("region"))):
        return "context.region", f"is longer than {LONGEST_ID} characters"
    return None


def are_sound_activities(activities: Sequence[CanonicalActivity], now: datetime) -> bool:
    """Whether none of them has a fault. Most batches have none, and that is told of all together
    at a quarter of the price."""
    moments = [one.occurred_at for one in activities]
    return (
        all(map(_is_ours, {one.type for one in activities}))
        and is_plausible(min(moments, default=now), now)
        and is_plausible(max(moments, default=now), now)
        and not any([(one.context or one.region) and _has_long_region(one) for one in activities])
    )


def _has_long_region(activity: CanonicalActivity) -> bool:
    return _is_long(activity.region) or _is_long((activity.context or {}).get("region"))


def _is_long(region: Any) -> bool:
    """Activities are counted by it, so it must fit into an index. What is no text is only kept."""
    return isinstance(region, str) and len(region) > LONGEST_ID


def _is_ours(type_: str) -> bool:
    return is_known_type(type_) or is_known_type(plain_type(type_))


def snapshot_fault(snapshot: CanonicalSnapshot, now: datetime) -> tuple[str, str] | None:
    """Likewise for a snapshot."""
    if not is_plausible(snapshot.as_of, now):
        return "as_of", "must lie between 2000-01-01 and 24 hours ahead"
    if snapshot.kind == "daily" and snapshot.day is None:
        return "day", "is required where kind is daily"
    if snapshot.day is not None and not is_plausible_day(snapshot.day, now):
        return "day", "must lie between 2000-01-01 and tomorrow"
    return None


def are_sound_snapshots(snapshots: Sequence[CanonicalSnapshot], now: datetime) -> bool:
    """Likewise."""
    return not any(snapshot_fault(one, now) for one in snapshots)


def draft_of_activity(
    activity: CanonicalActivity, unknown: dict[str, Any], context: Context
) -> ActivityDraft:
    """The draft; `unknown` are the fields it came with beside the known ones."""
    actor = activity.actor
    return ActivityDraft(
        type=plain_type(activity.type),
        occurred_at=activity.occurred_at.astimezone(UTC),
        actor=Actor(
            external_id=actor.external_id,
            id_scope=context.id_scope,
            union_id=actor.union_id,
            name=actor.name,
            attributes=actor.attributes or {},
        )
        if actor
        else None,
        content=activity.content.external_id if activity.content else None,
        count=activity.count,
        value=Money(amount_minor=activity.value.amount_minor, currency=activity.value.currency)
        if activity.value
        else None,
        text=activity.text,
        parent_external_id=activity.parent_external_id,
        context={**unknown, **(activity.context or {})},
    )


def draft_of_snapshot(snapshot: CanonicalSnapshot) -> SnapshotDraft:
    """The draft of a snapshot."""
    content = snapshot.content
    return SnapshotDraft(
        metric=snapshot.metric,
        value=snapshot.value,
        kind=snapshot.kind,
        as_of=snapshot.as_of.astimezone(UTC),
        day=snapshot.day,
        content=content if content is None or isinstance(content, str) else content.external_id,
    )
