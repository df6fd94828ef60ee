"""What a reader of the archive wants, and how far it has come."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

__all__ = ["EventFilter", "Place"]

Place = tuple[int, ...]
"""(shard, chunk, position) of the last event that was looked at."""


@dataclass(frozen=True)
class EventFilter:
    workspace_id: UUID
    channel_id: UUID | None = None
    source_id: UUID | None = None
    delivery_id: UUID | None = None
    type: str | None = None
    actor: str | None = None
    content: str | None = None
    region: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    chunks: tuple[int, list[int]] | None = None
    """A shard and its chunks, where it is known that nothing wanted lies elsewhere."""

    def admits(self, fact: Any, moment: datetime) -> bool:
        return (
            self.source_id in (None, fact.source_id)
            and self.delivery_id in (None, fact.delivery_id)
            and (self.type is None or self.type == (getattr(fact, "type", "metrics.snapshot")))
            and (self.start is None or moment >= self.start)
            and (self.end is None or moment < self.end)
            and (self.actor is None or _actor(fact) == self.actor)
            and (self.content is None or _content(fact) == self.content)
            and (self.region is None or _region(fact) == self.region)
        )


def _actor(fact: Any) -> str | None:
    actor = getattr(fact, "actor", None)
    return None if actor is None else str(actor.external_id)


def _content(fact: Any) -> str | None:
    return None if fact.content is None else str(fact.content.external_id)


def _region(fact: Any) -> Any:
    return getattr(fact, "context", {}).get("region")
