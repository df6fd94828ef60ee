"""Queries over the workspace table, which every service has and this one owns, and over limits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from mediaops_common.http import NotFound
from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.database import TABLES
from mediaops_ingest.limit import Limit
from mediaops_ingest.workspaces.models import WorkspaceLimit

__all__ = ["Workspace", "add", "change", "find", "limits", "set_limit"]

TABLE = TABLES.workspace
LIMITS: Table = WorkspaceLimit.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Workspace:
    id: UUID
    slug: str
    name: str
    timezone: str
    version: int
    has_activity: bool
    created_at: datetime
    limit: Limit | None = None
    """What it may bring; None: the installation's default."""


async def find(session: AsyncSession, workspace_id: UUID, *, to_change: bool = False) -> Workspace:
    """Raises NotFound. `to_change` holds the row until the transaction ends, and with it the limit:
    whoever changes that finds the workspace first."""
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
    connection = await session.connection()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(f"no workspace {workspace_id}")
    own = LIMITS.select().where(LIMITS.c.workspace_id == workspace_id)
    limited = (await connection.execute(own)).one_or_none()
    limit = None if limited is None else Limit.of(limited.items_per_second, limited.burst)
    return Workspace(*row, limit)


async def add(session: AsyncSession, workspace: Workspace) -> bool:
    """False when its slug is taken."""
    values = dict(vars(workspace))
    values["workspace_id"], limit = values.pop("id"), values.pop("limit")
    connection = await session.connection()
    try:
        async with connection.begin_nested():
            await connection.execute(insert(TABLE).values(**values))
    except IntegrityError:
        return False
    await set_limit(session, workspace.id, limit)
    return True


async def set_limit(session: AsyncSession, workspace_id: UUID, limit: Limit | None) -> None:
    connection = await session.connection()
    await connection.execute(delete(LIMITS).where(LIMITS.c.workspace_id == workspace_id))
    if limit is not None:
        row = {"workspace_id": workspace_id, **limit.model_dump()}
        await connection.execute(insert(LIMITS).values(**row))


async def limits(session: AsyncSession) -> dict[UUID, Limit]:
    """Of all workspaces that have one of their own."""
    rows = (await (await session.connection()).execute(LIMITS.select())).all()
    found = {row.workspace_id: Limit.of(row.items_per_second, row.burst) for row in rows}
    return {id_: limit for id_, limit in found.items() if limit is not None}


async def change(session: AsyncSession, workspace_id: UUID, **values: Any) -> None:
    connection = await session.connection()
    await connection.execute(
        update(TABLE).where(TABLE.c.workspace_id == workspace_id).values(**values)
    )
