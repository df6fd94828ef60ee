"""The archive, filtered and paged."""

import asyncio
from typing import Any

import msgspec
from mediaops_common.clock import monotonic
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
from mediaops_ingest.events.filters import EventFilter, Place

__all__ = ["EventFilter", "Place", "page"]

CHUNKS = 100
"""Chunks fetched at once, and looked through for every page."""
SECONDS = 1.0
"""So long is searched on for one page; then it may be shorter than asked for, with a `next`."""


async def page(
    session: AsyncSession, wanted: EventFilter, after: Place | None, limit: int
) -> tuple[list[dict[str, Any]], Place | None]:
    """Events in the archive's order, and where to go on, or None at the end."""
    items: list[dict[str, Any]] = []
    place, deadline = after, monotonic() + SECONDS
    while True:
        rows = await repository.chunks(session, wanted, place, limit=CHUNKS)
        for row in rows:
            start = place[2] + 1 if place is not None and place[:2] == (row.shard, row.chunk) else 0
            found = await asyncio.to_thread(_matching, row.records, wanted, start)
            for position, item in found:
                if len(items) == limit:
                    return items, place
                items.append(item)
                place = (row.shard, row.chunk, position)
            place = (row.shard, row.chunk, row.count)
        if len(rows) < CHUNKS:
            return items, None
        if monotonic() > deadline:
            return items, place


def _matching(raw: bytes, wanted: EventFilter, start: int) -> list[tuple[int, dict[str, Any]]]:
    found = []
    for position, (*_, value) in enumerate(unpack_chunk(raw)):
        if position < start:
            continue
        event = decode(value)[1]
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
