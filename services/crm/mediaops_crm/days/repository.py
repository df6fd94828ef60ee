"""Queries over touched and computed days."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from mediaops_common.db import upsert
from sqlalchemy import Row, Table, and_, bindparam, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.days.models import ComputedDay, TouchedDay

TOUCHED: Table = TouchedDay.__table__  # type: ignore[attr-defined]
COMPUTED: Table = ComputedDay.__table__  # type: ignore[attr-defined]

KEY = ["workspace_id", "day"]


async def touch(session: AsyncSession, workspace_id: UUID, days: Iterable[int]) -> None:
    rows = [{"workspace_id": workspace_id, "day": day, "touches": 1} for day in days]
    await upsert(session, TOUCHED, rows, key=KEY, add=["touches"])


async def touched(session: AsyncSession, limit: int) -> list[tuple[UUID, int, int]]:
    """(workspace, day, touches), the newest days first."""
    connection = await session.connection()
    query = select(TOUCHED.c.workspace_id, TOUCHED.c.day, TOUCHED.c.touches)
    found = await connection.execute(query.order_by(TOUCHED.c.day.desc()).limit(limit))
    return [tuple(row) for row in found]


async def forget(
    session: AsyncSession, workspace_id: UUID, seen: Sequence[tuple[int, int]]
) -> None:
    """Removes (day, touches) that were not touched again since. From old to new, as `touch` goes:
    a batch of history and this could wait for each other in a circle."""
    statement = delete(TOUCHED).where(
        and_(
            TOUCHED.c.workspace_id == workspace_id,
            TOUCHED.c.day == bindparam("seen_day"),
            TOUCHED.c.touches == bindparam("seen_touches"),
        )
    )
    connection = await session.connection()
    await connection.execute(
        statement, [{"seen_day": day, "seen_touches": touches} for day, touches in sorted(seen)]
    )


async def computed(
    session: AsyncSession, workspace_id: UUID, first: int, last: int
) -> dict[int, Row[Any]]:
    connection = await session.connection()
    query = select(COMPUTED).where(
        COMPUTED.c.workspace_id == workspace_id, COMPUTED.c.day.between(first, last)
    )
    return {row.day: row for row in await connection.execute(query)}


async def replace(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    changing = ["dau", "wau", "mau", "new", "version"]
    await upsert(session, COMPUTED, rows, key=KEY, replace=changing)


async def computed_days(session: AsyncSession, workspace_id: UUID) -> list[int]:
    connection = await session.connection()
    query = select(COMPUTED.c.day).where(COMPUTED.c.workspace_id == workspace_id)
    return [day for (day,) in await connection.execute(query)]


async def last_computed(session: AsyncSession, workspace_id: UUID) -> int | None:
    connection = await session.connection()
    query = select(func.max(COMPUTED.c.day)).where(COMPUTED.c.workspace_id == workspace_id)
    last: int | None = (await connection.execute(query)).scalar_one()
    return last
