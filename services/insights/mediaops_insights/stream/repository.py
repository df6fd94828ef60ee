"""Queries over the stream's events and the minutes to tell of."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from mediaops_common.db import insert_new, upsert
from sqlalchemy import Table, Text, cast, delete, func, tuple_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.stream.models import DIRTY_MINUTE, StreamCounter, StreamEvent

COUNTER: Table = StreamCounter.__table__  # type: ignore[attr-defined]
EVENTS: Table = StreamEvent.__table__  # type: ignore[attr-defined]


async def mark(session: AsyncSession, minutes: Iterable[tuple[UUID, int]]) -> None:
    rows = [{"workspace_id": w, "minute": minute, "marks": 1} for w, minute in minutes]
    await upsert(session, DIRTY_MINUTE, rows, key=["workspace_id", "minute"], add=["marks"])


async def marked_workspaces(session: AsyncSession) -> list[UUID]:
    query = select(DIRTY_MINUTE.c.workspace_id).distinct().order_by(DIRTY_MINUTE.c.workspace_id)
    return list((await session.exec(query)).all())


async def take_marks(session: AsyncSession, workspace_id: UUID) -> list[int]:
    """The marked minutes in order, which are marked no more. It waits for batches under way."""
    minute, its = DIRTY_MINUTE.c.minute, DIRTY_MINUTE.c.workspace_id == workspace_id
    # Locked in the order of batches: a delete takes its rows as they lie.
    marked = select(minute).where(its).order_by(minute).with_for_update()
    minutes = list((await session.exec(marked)).all())
    await session.exec(delete(DIRTY_MINUTE).where(its, minute.in_(minutes)))
    return minutes


async def lock_counter(session: AsyncSession, workspace_id: UUID) -> int:
    """The last number given. Who else gives numbers waits until this transaction ends."""
    row = {"workspace_id": workspace_id, "last": 0}
    await insert_new(session, COUNTER, [row], key=["workspace_id"])
    query = (
        select(StreamCounter.last)
        .where(StreamCounter.workspace_id == workspace_id)
        .with_for_update()
    )
    return (await session.exec(query)).one()


async def add(
    session: AsyncSession, workspace_id: UUID, events: Iterable[StreamEvent], last: int
) -> None:
    session.add_all(events)
    await session.exec(
        update(COUNTER).where(COUNTER.c.workspace_id == workspace_id).values(last=last)
    )
    await session.flush()


async def last_number(session: AsyncSession, workspace_id: UUID) -> int:
    query = select(StreamCounter.last).where(StreamCounter.workspace_id == workspace_id)
    return (await session.exec(query)).one_or_none() or 0


async def oldest_number(session: AsyncSession, workspace_id: UUID) -> int | None:
    query = select(func.min(StreamEvent.id)).where(StreamEvent.workspace_id == workspace_id)
    return (await session.exec(query)).one()


async def events_after(
    session: AsyncSession, workspace_id: UUID, number: int, *, most: int, size: int
) -> list[StreamEvent]:
    """In their order, `most` at the most, and none behind that with which they reach `size`."""
    id_, its = EVENTS.c.id, EVENTS.c.workspace_id == workspace_id
    length = func.length(cast(EVENTS.c.content, Text)).label("length")
    sized = EVENTS.select().with_only_columns(id_, length).where(its, id_ > number)
    following = sized.order_by(id_).limit(most).subquery()
    through = func.sum(following.c.length).over(order_by=following.c.id)
    before = following.select().with_only_columns(
        following.c.id, (through - following.c.length).label("before")
    )
    chosen = before.subquery()
    query = (
        select(StreamEvent)
        .join(chosen, col(StreamEvent.id) == chosen.c.id)
        .where(StreamEvent.workspace_id == workspace_id, chosen.c.before < size)
        .order_by(col(StreamEvent.id))
    )
    return list((await session.exec(query)).all())


async def drop_before(session: AsyncSession, moment: datetime, most: int) -> int:
    """Drops the oldest of those from before the moment; returns how many there were."""
    key, age = (EVENTS.c.workspace_id, EVENTS.c.id), EVENTS.c.created_at
    old = EVENTS.select().with_only_columns(*key).where(age < moment)
    oldest = old.order_by(age, *key).limit(most)
    dropped = await session.exec(delete(EVENTS).where(tuple_(*key).in_(oldest)))
    return dropped.rowcount
