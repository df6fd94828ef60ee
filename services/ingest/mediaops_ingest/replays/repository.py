"""Queries over replays and the deliveries they read again."""

from collections.abc import Container
from datetime import datetime
from typing import Any
from uuid import UUID

from mediaops_common.http import NotFound
from sqlalchemy import bindparam, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.deliveries.models import Delivery
from mediaops_ingest.replays.models import Replay

__all__ = ["advance", "deliveries_of", "find", "next_open", "update_deliveries"]


async def find(session: AsyncSession, workspace_id: UUID, replay_id: UUID) -> Replay:
    """Raises NotFound, also for another workspace's."""
    query = select(Replay).where(Replay.workspace_id == workspace_id, Replay.id == replay_id)
    replay = (await session.exec(query)).one_or_none()
    if replay is None:
        raise NotFound(f"no replay {replay_id}")
    return replay


async def next_open(session: AsyncSession, shards: Container[int]) -> Replay | None:
    """The oldest replay that is not ended, of these shards."""
    query = select(Replay).where(col(Replay.state).in_(["queued", "running"]))
    for replay in await session.exec(query.order_by(col(Replay.id)).limit(100)):
        if replay.shard in shards:
            return replay
    return None


async def deliveries_of(session: AsyncSession, replay: Replay, *, limit: int) -> list[Delivery]:
    """The next deliveries to read again, in the order they came."""
    return await deliveries_between(
        session,
        replay.source_id,
        replay.received_from,
        replay.received_to,
        after=replay.cursor,
        limit=limit,
    )


async def deliveries_between(
    session: AsyncSession,
    source_id: UUID,
    received_from: datetime | None,
    received_to: datetime | None,
    *,
    after: int,
    limit: int,
) -> list[Delivery]:
    query = select(Delivery).where(Delivery.source_id == source_id, Delivery.seq > after)
    if received_from is not None:
        query = query.where(Delivery.received_at >= received_from)
    if received_to is not None:
        query = query.where(Delivery.received_at < received_to)
    return list((await session.exec(query.order_by(col(Delivery.seq)).limit(limit))).all())


async def update_deliveries(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    table = Delivery.__table__  # type: ignore[attr-defined]
    statement = (
        update(table)
        .where(table.c.id == bindparam("row_id"))
        .values(
            status=bindparam("new_status"),
            normalised=bindparam("new_normalised"),
            failed=bindparam("new_failed"),
            mapping_revision=bindparam("new_revision"),
            chunks=bindparam("new_chunks"),
            reason=bindparam("new_reason"),
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
