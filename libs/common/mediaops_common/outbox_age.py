"""What goes out of the outbox by age, and what is told once more before it goes, so that who comes
later, with nothing, still hears of everything that is."""

from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import delete, func, insert, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.events import REGISTRY, decode
from mediaops_common.tables import SpineTables

__all__ = ["Floors", "floors", "forget_old"]

Floors = dict[tuple[str, int], int]
"""(topic, slot) → the lowest number that can be published again."""

AT_ONCE = 1_000

STATE_TOPICS = sorted({str(cls.event_topic) for cls in REGISTRY.values() if cls.event_is_state})


async def floors(session: AsyncSession) -> Floors:
    """Of each lane; of one whose rows are all gone, the number that comes next."""
    tables: SpineTables = session.info["tables"]
    outbox, lane = tables.outbox, tables.outbox_lane
    connection = await session.connection()
    lowest = select(outbox.c.topic, outbox.c.slot, func.min(outbox.c.seq).label("seq"))
    there = await connection.execute(
        lowest.where(outbox.c.place.is_not(None)).group_by(outbox.c.topic, outbox.c.slot)
    )
    found = {(row.topic, row.slot): int(row.seq) for row in there}
    given = await connection.execute(select(lane))
    return {(r.topic, r.slot): found.get((r.topic, r.slot), r.seq + 1) for r in given}


async def forget_old(session: AsyncSession, before: datetime) -> int:
    """Removes what was sent and added before that moment, and returns how much it was.

    The newest state of an entity is added again: the same event with the same version, which who
    knows it passes by.
    """
    tables: SpineTables = session.info["tables"]
    outbox = tables.outbox
    connection = await session.connection()
    cursor = (await connection.execute(select(tables.outbox_state.c.cursor))).scalar_one()
    old = (outbox.c.place <= cursor) & (outbox.c.created_at < before)
    gone = await connection.execute(delete(outbox).where(old, outbox.c.topic.not_in(STATE_TOPICS)))
    query = select(outbox).where(old).order_by(outbox.c.place).limit(AT_ONCE)
    rows = (await connection.execute(query)).all()
    now = datetime.now(UTC)
    again = [
        {"topic": r.topic, "key": r.key, "value": r.value, "slot": r.slot, "created_at": now}
        for r in rows
        if await _is_newest_state(session, r)
    ]
    if again:
        await connection.execute(insert(outbox), again)
    if rows:
        await connection.execute(delete(outbox).where(outbox.c.id.in_([row.id for row in rows])))
    return int(gone.rowcount) + len(rows)


async def _is_newest_state(session: AsyncSession, row: Any) -> bool:
    state = _state(row.value)
    if state is None:
        return False
    outbox = session.info["tables"].outbox
    found = await (await session.connection()).execute(
        select(outbox.c.id, outbox.c.value).where(
            outbox.c.topic == row.topic,
            outbox.c.slot == row.slot,
            outbox.c.key == row.key,
            outbox.c.id != row.id,
        )
    )
    others = ((_state(other.value), other.id) for other in found)
    # By version: an older state that was added again has a higher id than a change that was
    # under way by then.
    kind, version = state
    return all(
        other is None or other[0] != kind or (other[1], id_) < (version, row.id)
        for other, id_ in others
    )


def _state(value: bytes) -> tuple[str, int] | None:
    """Type and version of an event that carries the state of an entity; None for another."""
    envelope, event = decode(value)
    if event is None or not type(event).event_is_state:
        return None
    return envelope.type, int(cast(Any, event).version)  # every such event has one
