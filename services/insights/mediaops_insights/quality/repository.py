"""Queries over what sources received by day."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from mediaops_common.db import upsert
from mediaops_common.events import QualityComputed
from mediaops_common.zones import number_of
from sqlalchemy import Table, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.quality.models import SourceDay

DAY: Table = SourceDay.__table__  # type: ignore[attr-defined]

KEY = ("workspace_id", "source_id", "day")
KEPT = [column.name for column in DAY.columns]


async def replace(session: AsyncSession, events: Iterable[QualityComputed]) -> None:
    """Keeps each of them where no newer version is known; at most one for a source and day."""
    rows: list[dict[str, Any]] = [
        {name: getattr(event, name) for name in KEPT} | {"day": number_of(event.day)}
        for event in events
    ]
    changing = [name for name in KEPT if name not in KEY]
    await upsert(session, DAY, rows, key=KEY, replace=changing, newer="version")


async def days(
    session: AsyncSession,
    workspace_id: UUID,
    first: int,
    last: int,
    channels: Collection[UUID] | None,
) -> list[SourceDay]:
    query = select(SourceDay).where(
        SourceDay.workspace_id == workspace_id,
        col(SourceDay.day) >= first,
        col(SourceDay.day) <= last,
    )
    if channels is not None:
        query = query.where(col(SourceDay.channel_id).in_(sorted(channels)))
    query = query.order_by(col(SourceDay.day), col(SourceDay.source_id))
    return list((await session.exec(query)).all())


async def newest_received(
    session: AsyncSession, workspace_id: UUID, up_to: int
) -> dict[UUID | None, dict[int, datetime]]:
    """Channel → day → the newest moment of receipt of that day, for days up to `up_to`."""
    query = (
        select(
            SourceDay.channel_id,
            SourceDay.day,
            func.max(SourceDay.newest_received_at).label("newest"),
        )
        .where(
            SourceDay.workspace_id == workspace_id,
            col(SourceDay.day) <= up_to,
            col(SourceDay.newest_received_at).is_not(None),
        )
        .group_by(col(SourceDay.channel_id), col(SourceDay.day))
    )
    found: dict[UUID | None, dict[int, datetime]] = {}
    for channel_id, day, newest in await session.exec(query):
        if newest is not None:
            found.setdefault(channel_id, {})[day] = newest
    return found


async def newest_applied(
    session: AsyncSession, group: str, workspace_id: UUID
) -> dict[UUID, datetime]:
    """Source → the newest `received_at` that this service has applied."""
    table = session.info["tables"].applied
    query = (
        select(table.c.source_id, func.max(table.c.newest_received_at).label("newest"))
        .where(table.c.group == group, table.c.workspace_id == workspace_id)
        .group_by(table.c.source_id)
    )
    return {source_id: newest for source_id, newest in await session.exec(query) if newest}
