"""Events as ingest emits them, with defaults for what a test does not care about."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from mediaops_common.events import (
    Activity,
    ActivityRecorded,
    ActivityRetracted,
    Actor,
)
from mediaops_common.ids import derived_id, new_id, workspace_id

from tests.builders import ZONE, channel, noon


def an_activity(
    who: str | None,
    at: datetime | date,
    *,
    workspace: str = "acme",
    on: UUID | None = None,
    timezone: str = ZONE,
    scope: str = "",
    name: str | None = None,
    **more: Any,
) -> Activity:
    """Somebody liked something at that moment, or at noon of that local day."""
    moment = at if isinstance(at, datetime) else noon(at, timezone)
    fields: dict[str, Any] = {
        "id": new_id(),
        "platform": "douyin",
        "type": "like.created",
        "received_at": moment + timedelta(seconds=1),
        "source_id": derived_id("test", "source"),
        "delivery_id": derived_id("test", "delivery"),
        **more,
    }
    return Activity(
        workspace_id=workspace_id(workspace),
        channel_id=on or channel("main"),
        occurred_at=moment,
        timezone=timezone,
        actor=None if who is None else Actor(external_id=who, id_scope=scope, name=name),
        **fields,
    )


def recorded(*args: Any, **more: Any) -> ActivityRecorded:
    return ActivityRecorded(activity=an_activity(*args, **more))


def retracted(activity: Activity, *, remaining: int = 0) -> ActivityRetracted:
    return ActivityRetracted(
        activity=activity,
        retracted_at=activity.received_at + timedelta(days=1),
        reason="mapping revised",
        remaining_active=remaining,
    )
