"""Permanent counters: what each group applied, by source and the local day it was received."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.db import upsert
from mediaops_common.events import ActivityRecorded, ActivityRetracted, Event, SnapshotRecorded
from mediaops_common.tables import SpineTables
from mediaops_common.zones import day_number

__all__ = ["count_applied"]


@dataclass(slots=True)
class _Counted:
    """What was applied of one source and day."""

    workspace_id: UUID
    source_id: UUID
    newest: datetime
    numbers: list[int] = field(default_factory=lambda: [0, 0, 0])
    """Activities, retractions, snapshots."""


async def count_applied(session: AsyncSession, group: str, events: Iterable[Event]) -> None:
    """Adds the events to the group's counters, in the transaction of their effects."""
    counts: dict[tuple[int, int], _Counted] = {}
    for event in events:
        if isinstance(event, ActivityRecorded):
            fact, column = event.activity, 0
        elif isinstance(event, ActivityRetracted):
            fact, column = event.activity, 1
        elif isinstance(event, SnapshotRecorded):
            fact, column = event, 2  # type: ignore[assignment]
        else:
            continue
        # Hashing a UUID is a call in Python; its number is at hand.
        key = (fact.source_id.int, day_number(fact.received_at, fact.timezone))
        counted = counts.get(key)
        if counted is None:
            counted = counts[key] = _Counted(fact.workspace_id, fact.source_id, fact.received_at)
        counted.numbers[column] += 1
        if fact.received_at > counted.newest:
            counted.newest = fact.received_at
    tables: SpineTables = session.info["tables"]
    await upsert(
        session,
        tables.applied,
        [
            {
                "group": group,
                "workspace_id": counted.workspace_id,
                "source_id": counted.source_id,
                "day": day,
                "activities": counted.numbers[0],
                "retractions": counted.numbers[1],
                "snapshots": counted.numbers[2],
                "newest_received_at": counted.newest,
            }
            for (_source, day), counted in counts.items()
        ],
        key=["group", "workspace_id", "source_id", "day"],
        add=["activities", "retractions", "snapshots"],
        greatest=["newest_received_at"],
    )
