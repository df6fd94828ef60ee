"""Permanent counters: what each group applied, by source and the local day it was received."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.db import upsert
from mediaops_common.events import ActivityRecorded, ActivityRetracted, Event, SnapshotRecorded
from mediaops_common.tables import SpineTables
from mediaops_common.zones import day_number

__all__ = ["count_applied"]


async def count_applied(session: AsyncSession, group: str, events: Iterable[Event]) -> None:
    """Adds the events to the group's counters, in the transaction of their effects."""
    counts: dict[tuple[UUID, UUID, int], list[int]] = {}
    newest: dict[tuple[UUID, UUID, int], datetime] = {}
    for event in events:
        if isinstance(event, ActivityRecorded):
            fact, column = event.activity, 0
        elif isinstance(event, ActivityRetracted):
            fact, column = event.activity, 1
        elif isinstance(event, SnapshotRecorded):
            fact, column = event, 2  # type: ignore[assignment]
        else:
            continue
        key = (fact.workspace_id, fact.source_id, day_number(fact.received_at, fact.timezone))
        row = counts.get(key)
        if row is None:
            row = counts[key] = [0, 0, 0]
            newest[key] = fact.received_at
        row[column] += 1
        if fact.received_at > newest[key]:
            newest[key] = fact.received_at
    tables: SpineTables = session.info["tables"]
    await upsert(
        session,
        tables.applied,
        [
            {
                "group": group,
                "workspace_id": workspace,
                "source_id": source,
                "day": day,
                "activities": row[0],
                "retractions": row[1],
                "snapshots": row[2],
                "newest_received_at": newest[workspace, source, day],
            }
            for (workspace, source, day), row in counts.items()
        ],
        key=["group", "workspace_id", "source_id", "day"],
        add=["activities", "retractions", "snapshots"],
        greatest=["newest_received_at"],
    )
