"""Marks what changed, turns it into numbered events, and reads them on from any number."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from mediaops_common.activity_types import ENGAGEMENTS, VIEWS
from mediaops_common.clock import monotonic
from mediaops_common.db import Database
from mediaops_common.lease import Lease, check
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.rollups import service as rollups
from mediaops_insights.stream import repository
from mediaops_insights.stream.models import StreamEvent

__all__ = [
    "MINUTE_CHANGED",
    "TOLD_FOR",
    "Paces",
    "StreamEvent",
    "bounds",
    "events_after",
    "forget_old",
    "mark_changed",
    "write_events",
]

TOLD_FOR = timedelta(hours=2)
"""Changes of older minutes are not told: nobody watches them, and history that is sent later would
drown what is happening now."""

MINUTE_CHANGED = "metrics.minute"

LETTERS_A_SECOND = 20_000
SLOWEST_SECONDS = 5.0
"""An event names every channel of its minute: with hundreds of them two a second would be gigabytes
a day, to keep and to send to each client."""

READ_AT_ONCE = 200
READ_SIZE = 2 << 20
"""Letters of events read at once: an event of a workspace with many channels is long."""
DROPPED_AT_ONCE = 500


async def mark_changed(session: AsyncSession, sheet: rollups.Sheet, now: datetime) -> None:
    """Marks the minutes that a batch changed, in its transaction."""
    oldest = int((now - TOLD_FOR).timestamp() // 60)
    await repository.mark(
        session,
        [
            (sheet.workspaces[place], minute)
            for place, minute in (*sheet.minutes, *sheet.newest)
            if minute >= oldest
        ],
    )


class Paces:
    """When each workspace is told of again: the longer its last events were, the later."""

    def __init__(self) -> None:
        self._due: dict[UUID, float] = {}

    def is_due(self, workspace_id: UUID) -> bool:
        return monotonic() >= self._due.get(workspace_id, 0.0)

    def note(self, workspace_id: UUID, letters: int) -> None:
        """So much was written about it just now."""
        self._due[workspace_id] = monotonic() + min(letters / LETTERS_A_SECOND, SLOWEST_SECONDS)


async def write_events(database: Database, held: Lease, now: datetime, paces: Paces) -> int:
    """Turns marks of the workspaces that are due into events, one for each changed minute; returns
    how many.

    An event carries the whole state of its minute, so that one told twice does no harm.
    """
    async with database.read() as session:
        workspaces = await repository.marked_workspaces(session)
    written = 0
    for workspace_id in filter(paces.is_due, workspaces):
        async with database.write() as session:
            await check(session, held)
            events = await _write(session, workspace_id, now)
        paces.note(workspace_id, sum(len(json.dumps(one)) for one in events))
        written += len(events)
    return written


async def _write(session: AsyncSession, workspace_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """Returns what the events say."""
    last = await repository.lock_counter(session, workspace_id)
    minutes = await repository.take_marks(session, workspace_id)
    if not minutes:
        return []
    told = frozenset({"channel", "type"})
    question = rollups.Question("minute", minutes[0], minutes[-1], told)
    by_minute: dict[int, list[rollups.Tally]] = defaultdict(list)
    for tally in await rollups.tallies(session, workspace_id, question):
        by_minute[tally.bucket].append(tally)
    events = [
        StreamEvent(
            workspace_id=workspace_id,
            id=number,
            type=MINUTE_CHANGED,
            content=_minute(minute, by_minute[minute]),
            created_at=now,
        )
        for number, minute in enumerate(minutes, last + 1)
    ]
    contents = [event.content for event in events]
    await repository.add(session, workspace_id, events, last + len(events))
    return contents


def _minute(minute: int, tallies: Iterable[rollups.Tally]) -> dict[str, Any]:
    types: dict[str, int] = defaultdict(int)
    channels: dict[str, dict[str, int]] = {}
    whole = _none()
    for tally in tallies:
        types[str(tally.type)] += tally.n
        for sums in (whole, channels.setdefault(str(tally.channel), _none())):
            sums["activities"] += tally.n
            sums["views"] += tally.total if tally.type in VIEWS else 0
            sums["engagements"] += tally.total if tally.type in ENGAGEMENTS else 0
    start = datetime.fromtimestamp(minute * 60, UTC)
    return {
        "start": start.isoformat().replace("+00:00", "Z"),
        "metrics": whole,
        "types": dict(types),
        "channels": channels,
    }


def _none() -> dict[str, int]:
    return {"activities": 0, "views": 0, "engagements": 0}


async def bounds(session: AsyncSession, workspace_id: UUID) -> tuple[int, int]:
    """(the oldest number that can be read, the last one given); (last + 1, last) without any."""
    last = await repository.last_number(session, workspace_id)
    oldest = await repository.oldest_number(session, workspace_id)
    return (last + 1 if oldest is None else oldest), last


async def events_after(session: AsyncSession, workspace_id: UUID, number: int) -> list[StreamEvent]:
    """The next events behind that number, a few hundred or megabytes at most; [] at the end."""
    return await repository.events_after(
        session, workspace_id, number, most=READ_AT_ONCE, size=READ_SIZE
    )


async def forget_old(database: Database, before: datetime) -> None:
    """Drops what can be resumed no more, the oldest first, in transactions that are short."""
    dropped = DROPPED_AT_ONCE
    while dropped == DROPPED_AT_ONCE:
        async with database.write() as session:
            dropped = await repository.drop_before(session, before, DROPPED_AT_ONCE)
