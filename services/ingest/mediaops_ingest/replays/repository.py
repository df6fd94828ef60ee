"""Queries over replays and the deliveries they read again."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from mediaops_common.http import NotFound
from sqlalchemy import bindparam, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.archive.sizes import fitting
from mediaops_ingest.deliveries.models import Delivery
from mediaops_ingest.replays.models import Replay

__all__ = [
    "advance",
    "deliveries_of",
    "fail",
    "find",
    "next_open",
    "update_deliveries",
]

REASON = 500


async def find(session: AsyncSession, workspace_id: UUID, replay_id: UUID) -> Replay:
    """Raises NotFound, also for another workspace's."""
    query = select(Replay).where(Replay.workspace_id == workspace_id, Replay.id == replay_id)
    replay = (await session.exec(query)).one_or_none()
    if replay is None:
        raise NotFound(f"no replay {replay_id}")
    return replay


async def next_open(session: AsyncSession, shards: Collection[int]) -> Replay | None:
    """The oldest replay that is not ended, of these shards."""
    query = select(Replay).where(
        col(Replay.state).in_(["queued", "running"]), col(Replay.shard).in_(shards)
    )
    return (await session.exec(query.order_by(col(Replay.id)).limit(1))).one_or_none()


async def deliveries_of(
    session: AsyncSession, replay: Replay, *, after: int, limit: int, most_items: int
) -> tuple[list[Delivery], bool]:
    """What it reads next, behind that seq, in the order they came, and whether that is all. Their
    items are counted before they are read: each has a note of every one that failed."""
    of_replay = [col(Delivery.source_id) == replay.source_id, col(Delivery.seq) > after]
    if replay.received_from is not None:
        of_replay.append(col(Delivery.received_at) >= replay.received_from)
    if replay.received_to is not None:
        of_replay.append(col(Delivery.received_at) < replay.received_to)
    if replay.delivery_ids is not None:
        of_replay.append(col(Delivery.id).in_([UUID(one) for one in replay.delivery_ids]))
    counting = select(Delivery.received).where(*of_replay).order_by(col(Delivery.seq))
    items = (await session.exec(counting.limit(limit))).all()
    if not items:
        return [], True
    count = fitting(items, most_items)
    reading = select(Delivery).where(*of_replay).order_by(col(Delivery.seq))
    rows = (await session.exec(reading.limit(count))).all()
    return list(rows), count == len(items) < limit


async def update_deliveries(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    table = Delivery.__table__  # type: ignore[attr-defined]
    statement = (
        update(table)
        .where(table.c.id == bindparam("row_id"))
        .values(
            status=bindparam("new_status"),
            reason=bindparam("new_reason"),
            received=bindparam("new_received"),
            normalised=bindparam("new_normalised"),
            duplicates=bindparam("new_duplicates"),
            conflicts=bindparam("new_conflicts"),
            failed=bindparam("new_failed"),
            unmapped=bindparam("new_unmapped"),
            mapping_revision=bindparam("new_revision"),
            chunks=bindparam("new_chunks"),
            notes=bindparam("new_notes"),
        )
    )
    connection = await session.connection()
    await connection.execute(statement, rows)


async def advance(
    session: AsyncSession,
    replay_id: UUID,
    *,
    cursor: int,
    counts: dict[str, int],
    finished_at: datetime | None,
) -> None:
    """Notes how far a replay has come."""
    connection = await session.connection()
    table = Replay.__table__  # type: ignore[attr-defined]
    await connection.execute(
        update(table)
        .where(table.c.id == replay_id)
        .values(
            cursor=cursor,
            counts=counts,
            state="running" if finished_at is None else "done",
            finished_at=finished_at,
        )
    )


async def fail(
    session: AsyncSession, replay_id: UUID, error: Exception, finished_at: datetime
) -> None:
    """Ends a replay with its error."""
    connection = await session.connection()
    table = Replay.__table__  # type: ignore[attr-defined]
    reason = f"{type(error).__name__}: {error}"[:REASON]
    await connection.execute(
        update(table)
        .where(table.c.id == replay_id)
        .values(state="failed", error=reason, finished_at=finished_at)
    )
