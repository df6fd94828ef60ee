"""Who publishes on which topic, and which consumer groups listen to which event."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mediaops_common.events.base import REGISTRY, Event, Topic

if TYPE_CHECKING:
    from mediaops_common.service import Service

__all__ = ["PUBLISHERS", "listeners"]

PUBLISHERS = {
    Topic.activity: "ingest",
    Topic.snapshot: "ingest",
    Topic.channel: "ingest",
    Topic.content: "content",
    Topic.crm: "crm",
    Topic.insights: "insights",
}
"""A topic has one publisher: lanes are numbered by one and only one."""


def listeners(services: "Sequence[Service]") -> dict[type[Event], list[str]]:
    """Event → the groups (`service.group`) of these services that take it.

    A group over whole topics takes every event of them.
    """
    from mediaops_common.asks import outbox_asks

    heard: dict[type[Event], list[str]] = {cls: [] for cls in REGISTRY.values()}
    for service in services:
        taken: dict[str, set[type[Event]]] = {}
        for handlers in (*service.handlers, outbox_asks(service.name)):
            taken.setdefault(handlers.group, set()).update(handlers.classes())
        for group in service.groups:
            taken[group.name] = {
                cls for cls in REGISTRY.values() if str(cls.event_topic) in map(str, group.topics)
            }
        for group_name, classes in sorted(taken.items()):
            for cls in classes:
                heard[cls].append(f"{service.name}.{group_name}")
    return heard
