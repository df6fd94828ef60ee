"""Events as ingest emits them, with defaults for what a test does not care about."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from mediaops_common.events import ChannelSaved, WorkspaceSaved
from mediaops_common.ids import derived_id, workspace_id

__all__ = ["ZONE", "a_channel", "a_workspace", "channel", "noon"]

ZONE = "Asia/Shanghai"


def channel(name: str) -> UUID:
    return derived_id("test", "channel", name)


def a_workspace(slug: str = "acme", *, version: int = 1, **more: Any) -> WorkspaceSaved:
    fields: dict[str, Any] = {"name": slug.title(), "timezone": ZONE, **more}
    return WorkspaceSaved(workspace_id=workspace_id(slug), slug=slug, version=version, **fields)


def a_channel(
    channel_id: UUID, *, workspace: str = "acme", version: int = 1, **more: Any
) -> ChannelSaved:
    fields: dict[str, Any] = {
        "platform": "douyin",
        "external_id": str(channel_id),
        "name": "官方号",
        "owner_kind": "organisation",
        **more,
    }
    return ChannelSaved(
        workspace_id=workspace_id(workspace), channel_id=channel_id, version=version, **fields
    )


def noon(day: date, zone: str = ZONE) -> datetime:
    return datetime.combine(day, time(12), tzinfo=ZoneInfo(zone))
