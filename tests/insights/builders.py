"""Events as the other services emit them, with defaults for what a test does not care about."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from mediaops_common.events import (
    Activity,
    ActivityRecorded,
    ActivityRetracted,
    Actor,
    ContentRef,
    DayComputed,
    Money,
    PublicationRegistered,
    QualityComputed,
    SnapshotRecorded,
    SourceSaved,
)
from mediaops_common.ids import derived_id, new_id, workspace_id

from tests.builders import ZONE, channel, noon


def source(name: str = "main") -> UUID:
    return derived_id("test", "source", name)


def a_source(name: str, on: UUID, *, workspace: str = "acme") -> SourceSaved:
    return SourceSaved(
        workspace_id=workspace_id(workspace),
        source_id=source(name),
        channel_id=on,
        adapter="standard-webhooks",
        enabled=True,
        version=1,
    )


def an_activity(
    type_: str,
    at: datetime | date,
    *,
    workspace: str = "acme",
    on: UUID | None = None,
    timezone: str = ZONE,
    who: str | None = "lin",
    content: str | None = None,
    region: str | None = None,
    money: tuple[int, str] | None = None,
    **more: Any,
) -> Activity:
    """Something happened at that moment, or at noon of that local day."""
    moment = at if isinstance(at, datetime) else noon(at, timezone)
    fields: dict[str, Any] = {
        "id": new_id(),
        "platform": "douyin",
        "received_at": moment + timedelta(seconds=1),
        "source_id": source(),
        "delivery_id": derived_id("test", "delivery"),
        "context": {} if region is None else {"region": region},
        **more,
    }
    return Activity(
        workspace_id=workspace_id(workspace),
        channel_id=on or channel("main"),
        type=type_,
        occurred_at=moment,
        timezone=timezone,
        actor=None if who is None else Actor(external_id=who),
        content=None if content is None else ContentRef(external_id=content),
        value=None if money is None else Money(amount_minor=money[0], currency=money[1]),
        **fields,
    )


def recorded(*args: Any, **more: Any) -> ActivityRecorded:
    return ActivityRecorded(activity=an_activity(*args, **more))


def retracted(
    activity: Activity, *, remaining: int = 0, at: datetime | None = None
) -> ActivityRetracted:
    return ActivityRetracted(
        activity=activity,
        retracted_at=at or activity.received_at + timedelta(seconds=1),
        reason="mapping revised",
        remaining_active=remaining,
    )


def a_snapshot(
    metric: str,
    value: int,
    as_of: datetime,
    *,
    workspace: str = "acme",
    on: UUID | None = None,
    content: str | None = None,
    **more: Any,
) -> SnapshotRecorded:
    fields: dict[str, Any] = {
        "id": new_id(),
        "platform": "douyin",
        "kind": "cumulative",
        "received_at": as_of + timedelta(seconds=1),
        "source_id": source(),
        "delivery_id": derived_id("test", "delivery"),
        "timezone": ZONE,
        **more,
    }
    return SnapshotRecorded(
        workspace_id=workspace_id(workspace),
        channel_id=on or channel("main"),
        metric=metric,
        value=value,
        as_of=as_of,
        content=None if content is None else ContentRef(external_id=content),
        **fields,
    )


def quality(
    name: str, on: UUID | None, day: date, *, workspace: str = "acme", version: int = 1, **more: Any
) -> QualityComputed:
    outcomes = ("normalised", "duplicates", "conflicts", "rejected", "failed", "pending")
    fields: dict[str, Any] = {**dict.fromkeys(outcomes, 0), "newest_received_at": None, **more}
    fields.setdefault("deliveries", 1)
    fields.setdefault("received", sum(fields[outcome] for outcome in outcomes))
    return QualityComputed(
        workspace_id=workspace_id(workspace),
        source_id=source(name),
        channel_id=on,
        day=day,
        version=version,
        **fields,
    )


def a_publication(
    external_id: str, published_at: datetime, *, on: UUID | None = None, **more: Any
) -> PublicationRegistered:
    fields: dict[str, Any] = {
        "publication_id": new_id(),
        "content_id": new_id(),
        "revision_id": new_id(),
        "title": "新品开箱",
        "version": 1,
        **more,
    }
    return PublicationRegistered(
        workspace_id=workspace_id("acme"),
        channel_id=on or channel("main"),
        external_id=external_id,
        published_at=published_at,
        **fields,
    )


def people(day: date, dau: int, *, version: int = 1, **more: Any) -> DayComputed:
    fields = {"wau": dau, "mau": dau, "new": 0, **more}
    return DayComputed(
        workspace_id=workspace_id("acme"), day=day, dau=dau, version=version, **fields
    )
