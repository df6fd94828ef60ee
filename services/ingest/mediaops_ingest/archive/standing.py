"""What the archive says now: recorded and not retracted."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from mediaops_common.events import (
    Activity,
    ActivityRecorded,
    ActivityRetracted,
    Event,
    SnapshotRecorded,
    decode,
)

from mediaops_ingest.archive.chunks import unpack_chunk

__all__ = ["decoded", "fold"]


def decoded(rows: Sequence[Any]) -> list[Event]:
    """The events of these chunks, in lane order. Decodes: call it outside the event loop."""
    events = []
    for row in rows:
        for *_, value in unpack_chunk(row.records):
            event = decode(value)[1]
            if event is not None:
                events.append(event)
    return events


def fold(standing: dict[UUID, Activity | SnapshotRecorded], events: Iterable[Event]) -> None:
    """Brings id → what stands up to date with what came next: the last value of a corrected
    snapshot, nothing of what was retracted."""
    for event in events:
        if isinstance(event, ActivityRecorded):
            standing[event.activity.id] = event.activity
        elif isinstance(event, ActivityRetracted):
            standing.pop(event.activity.id, None)
        elif isinstance(event, SnapshotRecorded):
            if event.is_retraction:
                standing.pop(event.id, None)
            else:
                standing[event.id] = event
