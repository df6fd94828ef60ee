"""The archive, filtered and paged."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from mediaops_common.events import (
    ActivityRecorded,
    ActivityRetracted,
    Event,
    SnapshotRecorded,
    decode,
)
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.archive.chunks import unpack_chunk
from mediaops_ingest.events import repository

__all__ = ["EventFilter", "Place", "page"]

CHUNKS = 100
"""Chunks looked through for one page; a page may be shorter than asked for, with a `next`."""

Place = tuple[int, int, int]
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

    def admits(self, kind: str, fact: Any, moment: datetime) -> bool:
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


async def page(
    session: AsyncSession, wanted: EventFilter, after: Place | None, limit: int
) -> tuple[list[dict[str, Any]], Place | None]:
    """Events in the archive's order, and where to go on, or None at the end."""
    items: list[dict[str, Any]] = []
    rows = await repository.chunks(session, wanted, after, limit=CHUNKS)
    place = after
    for row in rows:
        start = place[2] + 1 if place is not None and place[:2] == (row.shard, row.chunk) else 0
        found = await asyncio.to_thread(_matching, row.records, wanted, start)
        for position, item in found:
            if len(items) == limit:
                return items, place
            items.append(item)
            place = (row.shard, row.chunk, position)
        if len(items) == limit:
            return items, place
        place = (row.shard, row.chunk, row.count)
    return items, place if len(rows) == CHUNKS else None


def _matching(raw: bytes, wanted: EventFilter, start: int) -> list[tuple[int, dict[str, Any]]]:
    found = []
    for position, archived in enumerate(unpack_chunk(raw)):
        if position < start:
            continue
        event = decode(archived.value)[1]
        item = None if event is None else _item(event, wanted)
        if item is not None:
            found.append((position, item))
    return found


def _item(event: Event, wanted: EventFilter) -> dict[str, Any] | None:
    if isinstance(event, ActivityRecorded):
        kind, fact, moment = "recorded", event.activity, event.activity.occurred_at
    elif isinstance(event, ActivityRetracted):
        kind, fact, moment = "retracted", event.activity, event.activity.occurred_at
    elif isinstance(event, SnapshotRecorded):
        kind, moment = "retracted" if event.is_retraction else "snapshot", event.as_of
        fact = event  # type: ignore[assignment]
    else:
        return None
    if not wanted.admits(kind, fact, moment):
        return None
    item: dict[str, Any] = {"event": kind, **msgspec.to_builtins(fact)}
    if isinstance(event, ActivityRetracted):
        item["retracted_at"] = msgspec.to_builtins(event.retracted_at)
        item["replaced_by"] = None if event.replaced_by is None else str(event.replaced_by)
    return item
