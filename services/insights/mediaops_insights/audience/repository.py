"""Queries over the audience's days."""

from typing import Any
from uuid import UUID

from mediaops_common.db import upsert
from mediaops_common.events import DayComputed
from mediaops_common.zones import number_of
from sqlalchemy import Table
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.audience.models import AudienceDay

DAY: Table = AudienceDay.__table__  # type: ignore[attr-defined]


async def day_version(session: AsyncSession, workspace_id: UUID, day: int) -> int | None:
    query = select(AudienceDay.version).where(
        AudienceDay.workspace_id == workspace_id, AudienceDay.day == day
    )
    return (await session.exec(query)).one_or_none()


async def replace_day(session: AsyncSession, event: DayComputed) -> None:
    row: dict[str, Any] = {
        "workspace_id": event.workspace_id,
        "day": number_of(event.day),
        "dau": event.dau,
        "wau": event.wau,
        "mau": event.mau,
        "new": event.new,
        "version": event.version,
    }
    changing = ["dau", "wau", "mau", "new", "version"]
    await upsert(session, DAY, [row], key=["workspace_id", "day"], replace=changing)


async def days(
    session: AsyncSession, workspace_id: UUID, first: int, last: int
) -> dict[int, AudienceDay]:
    """Day number → people of that day, as far as crm has told."""
    query = select(AudienceDay).where(
        AudienceDay.workspace_id == workspace_id,
        col(AudienceDay.day) >= first,
        col(AudienceDay.day) <= last,
    )
    return {row.day: row for row in await session.exec(query)}
