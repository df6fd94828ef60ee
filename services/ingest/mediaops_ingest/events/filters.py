"""What a reader of the archive wants, and how far it has come."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from mediaops_common.events.activity import region_of

__all__ = ["EventFilter", "Place"]

Place = tuple[int, ...]
"""(shard, chunk, position) of the last event that was looked at."""


@dataclass(frozen=True)
class EventFilter:
    """A filter that is None lets everything pass; a set lets pass what is in it."""

    workspace_id: UUID
    channel_ids: frozenset[UUID] | None = None
    source_id: UUID | None = None
    delivery_id: UUID | None = None
    events: frozenset[str] | None = None
    """Of recorded, retracted, snapshot."""
    types: frozenset[str] | None = None
    metrics: frozenset[str] | None = None
    actor: str | None = None
    contents: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    currencies: frozenset[str] | None = None
    start: datetime | None = None
    end: datetime | None = None
    chunks: tuple[int, list[int]] | None = None
    """A shard and its chunks, where it is known that nothing wanted lies elsewhere."""

    def admits(self, kind: str, fact: Any, moment: datetime) -> bool:
        return (
            self.source_id in (None, fact.source_id)
            and self.delivery_id in (None, fact.delivery_id)
            and (self.start is None or moment >= self.start)
            and (self.end is None or moment < self.end)
            and _passes(kind, self.events)
            and _passes(getattr(fact, "type", "metrics.snapshot"), self.types)
            and _passes(getattr(fact, "metric", None), self.metrics)
            and (self.actor is None or _actor(fact) == self.actor)
            and _passes(None if fact.content is None else fact.content.external_id, self.contents)
            and (self.regions is None or _region(fact) in self.regions)
            and (self.currencies is None or _currency(fact) in self.currencies)
        )


def _passes(value: str | None, allowed: frozenset[str] | None) -> bool:
    return allowed is None or value in allowed


def _actor(fact: Any) -> str | None:
    actor = getattr(fact, "actor", None)
    return None if actor is None else str(actor.external_id)


def _region(fact: Any) -> str | None:
    return region_of(getattr(fact, "context", {}))


def _currency(fact: Any) -> str | None:
    # A snapshot's value is a number.
    return getattr(fact.value, "currency", None)
