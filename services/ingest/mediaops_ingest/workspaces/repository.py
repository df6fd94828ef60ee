"""Queries over the workspace table, which every service has and this one owns."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from mediaops_common.http import NotFound
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.database import TABLES

__all__ = ["Workspace", "add", "change", "find", "mark_active"]

TABLE = TABLES.workspace


@dataclass(frozen=True)
class Workspace:
    id: UUID
    slug: str
    name: str
    timezone: str
    version: int
    has_activity: bool
    created_at: datetime


async def find(session: AsyncSession, workspace_id: UUID, *, to_change: bool = False) -> Workspace:
    """Raises NotFound. `to_change` holds the row until the transaction ends."""
    query = select(
        TABLE.c.workspace_id,
        TABLE.c.slug,
        TABLE.c.name,
        TABLE.c.timezone,
        TABLE.c.version,
        TABLE.c.has_activity,
        TABLE.c.created_at,
    ).where(TABLE.c.workspace_id == workspace_id)
    if to_change:
        query = query.with_for_update()
    row = (await (await session.connection()).execute(query)).one_or_none()
    if row is None:
        raise NotFound(f"no workspace {workspace_id}")
    return Workspace(*row)


async def add(session: AsyncSession, workspace: Workspace) -> bool:
    """False when its slug is taken."""
    values = dict(vars(workspace))
    values["workspace_id"] = values.pop("id")
    connection = await session.connection()
    try:
        async with connection.begin_nested():
            await connection.execute(insert(TABLE).values(**values))
    except IntegrityError:
        return False
    return True


async def change(session: AsyncSession, workspace_id: UUID, **values: Any) -> None:
    connection = await session.connection()
    await connection.execute(
        update(TABLE).where(TABLE.c.workspace_id == workspace_id).values(**values)
    )


async def mark_active(session: AsyncSession, workspace_id: UUID) -> None:
    connection = await session.connection()
    await connection.execute(
        update(TABLE)
        .where(TABLE.c.workspace_id == workspace_id, TABLE.c.has_activity.is_(False))
        .values(has_activity=True)
    )
