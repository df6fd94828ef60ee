"""Queries over portraits. Every one names the workspace."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.portraits.models import Portrait

Place = tuple[date, int]


async def revision_of(
    session: AsyncSession, workspace_id: UUID, channel_id: UUID, day: date
) -> int:
    """The newest revision of that day; 0 where there is none."""
    query = select(func.max(Portrait.revision)).where(
        Portrait.workspace_id == workspace_id,
        Portrait.channel_id == channel_id,
        Portrait.day == day,
    )
    return (await session.exec(query)).one() or 0


async def page(
    session: AsyncSession,
    workspace_id: UUID,
    channel_id: UUID,
    *,
    days: tuple[date, date],
    after: Place | None,
    limit: int,
) -> Sequence[Portrait]:
    """Newest days first, and of a day the newest revision first."""
    query = select(Portrait).where(
        Portrait.workspace_id == workspace_id,
        Portrait.channel_id == channel_id,
        Portrait.day >= days[0],
        Portrait.day <= days[1],
    )
    if after is not None:
        day, revision = after
        query = query.where(
            (col(Portrait.day) < day) | ((Portrait.day == day) & (Portrait.revision < revision))
        )
    order = (col(Portrait.day).desc(), col(Portrait.revision).desc())
    return (await session.exec(query.order_by(*order).limit(limit))).all()


async def newest(
    session: AsyncSession,
    workspace_id: UUID,
    channel_id: UUID,
    *,
    before: date | None = None,
    on: date | None = None,
) -> Portrait | None:
    """The newest revision of a day, or of the last day before another one."""
    query = select(Portrait).where(
        Portrait.workspace_id == workspace_id, Portrait.channel_id == channel_id
    )
    if before is not None:
        query = query.where(Portrait.day < before)
    if on is not None:
        query = query.where(Portrait.day == on)
    order = (col(Portrait.day).desc(), col(Portrait.revision).desc())
    return (await session.exec(query.order_by(*order).limit(1))).first()
