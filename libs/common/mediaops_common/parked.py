"""Parked events: what could not be handled is kept, shown, retried or dropped; never deleted."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.bus.port import Record
from mediaops_common.events import ActivityRecorded, ActivityRetracted, Event, SnapshotRecorded
from mediaops_common.ids import new_id
from mediaops_common.tables import SpineTables
from mediaops_common.zones import day_number

if TYPE_CHECKING:
    from mediaops_common.taken import Taken

__all__ = [
    "cancel",
    "cancel_all",
    "find",
    "given_up",
    "mark",
    "note_failure",
    "open_count",
    "open_places",
    "page",
    "park",
    "place_of",
]

Place = tuple[str, int, int, int]
"""(producer, shard, slot, number): which event of a topic it is."""

OPEN = "parked"
"""parked → applied | dropped | cancelled, each by compare-and-set."""


def _facts(event: Event | None) -> dict[str, Any]:
    """What is known of a parked event beside its bytes: enough to audit it."""
    if isinstance(event, ActivityRecorded | ActivityRetracted):
        fact: Any = event.activity
    elif isinstance(event, SnapshotRecorded):
        fact = event
    else:
        return {"event_id": None, "workspace_id": None, "source_id": None, "day": None}
    is_retraction = isinstance(event, ActivityRetracted)
    return {
        "event_id": None if is_retraction else str(fact.id),
        "workspace_id": fact.workspace_id,
        "source_id": fact.source_id,
        "day": day_number(fact.received_at, fact.timezone),
    }


def _row(group: str, topic: str, taken: "Taken", error: str, state: str) -> Any:
    now = datetime.now(UTC)
    record, event = taken.record, taken.event
    return {
        "id": new_id(),
        "group": group,
        "producer": record.producer,
        "topic": topic,
        "shard": record.shard,
        "slot": record.slot,
        "seq": record.seq,
        "key": record.key,
        "value": record.value,
        "type": type(event).event_name if event is not None else "unreadable",
        "error": _told(error),
        "attempts": taken.attempts,
        "state": state,
        "created_at": now,
        "updated_at": now,
        **_facts(event),
    }


def _told(error: str) -> str:
    """The text of an error as every database takes it: it may quote what made it fail."""
    return error[:2_000].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


async def park(session: AsyncSession, group: str, topic: str, failed: Sequence["Taken"]) -> None:
    """Keeps what could not be handled; its number counts as dealt with."""
    if not failed:
        return
    parked = _table(session)
    rows = [_row(group, topic, one, one.error or "", OPEN) for one in failed]
    connection = await session.connection()
    await connection.execute(insert(parked), rows)


async def cancel(session: AsyncSession, group: str, taken: Sequence["Taken"]) -> list["Taken"]:
    """Retractions whose activity lies parked or dropped: both end as `cancelled`.

    Otherwise the retraction would take back what never counted, and a later retry of the activity
    would count what was taken back.
    """
    retractions = {
        str(t.event.activity.id): t
        for t in taken
        if isinstance(t.event, ActivityRetracted) and t.error is None
    }
    if not retractions:
        return []
    parked = _table(session)
    connection = await session.connection()
    cancelled: list[Taken] = []
    wanted = sorted(retractions)
    for start in range(0, len(wanted), 500):
        found = await connection.execute(
            select(parked.c.id, parked.c.event_id).where(
                parked.c.group == group,
                parked.c.event_id.in_(wanted[start : start + 500]),
                parked.c.state.in_([OPEN, "dropped"]),
            )
        )
        for row in found.all():
            one = retractions[row.event_id]
            await mark(session, row.id, ("parked", "dropped"), "cancelled")
            topic = str(ActivityRetracted.event_topic)
            reason = f"its activity {row.event_id} was parked"
            await connection.execute(insert(parked), [_row(group, topic, one, reason, "cancelled")])
            cancelled.append(one)
    return cancelled


async def cancel_all(session: AsyncSession, group: str) -> None:
    """Ends what waits for a decision in a group that is no more."""
    parked = _table(session)
    connection = await session.connection()
    await connection.execute(
        update(parked)
        .where(parked.c.group == group, parked.c.state == OPEN)
        .values(state="cancelled", updated_at=datetime.now(UTC))
    )


async def given_up(
    session: AsyncSession, group: str, topic: str, taken: Sequence["Taken"]
) -> list["Taken"]:
    """Those of a topic that `group` dropped or cancelled: a rebuild beside it leaves them out as
    well."""
    if not taken:
        return []
    parked = _table(session)
    gone = await _places(session, group, topic, parked.c.state.in_(["dropped", "cancelled"]))
    return [t for t in taken if place_of(t.record) in gone]


async def _places(
    session: AsyncSession, group: str, topic: str, state: ColumnElement[bool]
) -> set[Place]:
    parked = _table(session)
    connection = await session.connection()
    rows = await connection.execute(
        select(parked.c.producer, parked.c.shard, parked.c.slot, parked.c.seq).where(
            parked.c.group == group, parked.c.topic == topic, state
        )
    )
    return {(row.producer, row.shard, row.slot, row.seq) for row in rows}


def place_of(record: Record) -> Place:
    """Where the record stands among those of its topic, whenever it comes."""
    return record.producer, record.shard, record.slot, record.seq


async def mark(
    session: AsyncSession, parked_id: UUID, expected: tuple[str, ...], state: str
) -> bool:
    """Moves a row on by compare-and-set; False when somebody else was first."""
    parked = _table(session)
    connection = await session.connection()
    result = await connection.execute(
        update(parked)
        .where(parked.c.id == parked_id, parked.c.state.in_(expected))
        .values(state=state, updated_at=datetime.now(UTC))
    )
    return result.rowcount == 1


async def note_failure(session: AsyncSession, parked_id: UUID, error: str) -> None:
    """It was tried once more, in vain."""
    parked = _table(session)
    connection = await session.connection()
    await connection.execute(
        update(parked)
        .where(parked.c.id == parked_id, parked.c.state == OPEN)
        .values(attempts=parked.c.attempts + 1, error=_told(error), updated_at=datetime.now(UTC))
    )


async def find(session: AsyncSession, parked_id: UUID) -> Any:
    """The row, or None."""
    parked = _table(session)
    connection = await session.connection()
    return (await connection.execute(select(parked).where(parked.c.id == parked_id))).one_or_none()


async def page(
    session: AsyncSession, *, workspace_id: UUID | None, after: UUID | None, limit: int
) -> list[Any]:
    """Rows in the order they were parked; of one workspace unless None."""
    parked = _table(session)
    query = select(parked).order_by(parked.c.id).limit(limit)
    if workspace_id is not None:
        query = query.where(parked.c.workspace_id == workspace_id)
    if after is not None:
        query = query.where(parked.c.id > after)
    connection = await session.connection()
    return list((await connection.execute(query)).all())


async def open_count(session: AsyncSession, group: str) -> int:
    """How many of the group's events wait for a decision."""
    parked = _table(session)
    connection = await session.connection()
    found = await connection.execute(
        select(parked.c.id).where(parked.c.group == group, parked.c.state == OPEN)
    )
    return len(found.all())


async def open_places(session: AsyncSession, group: str, topic: str) -> set[Place]:
    """Where those of a topic that wait for a decision have their numbers."""
    parked = _table(session)
    return await _places(session, group, topic, parked.c.state == OPEN)


def _table(session: AsyncSession) -> Any:
    tables: SpineTables = session.info["tables"]
    return tables.parked
