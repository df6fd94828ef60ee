"""Queries over the known workspaces: the table that every service has."""

from uuid import UUID

from mediaops_common.db import upsert
from mediaops_common.events import WorkspaceSaved
from sqlalchemy import Table, select
from sqlmodel.ext.asyncio.session import AsyncSession


async def version_of(session: AsyncSession, workspace_id: UUID) -> int | None:
    table = _table(session)
    query = select(table.c.version).where(table.c.workspace_id == workspace_id)
    connection = await session.connection()
    return (await connection.execute(query)).scalar_one_or_none()


async def replace(session: AsyncSession, event: WorkspaceSaved) -> None:
    row = {
        "workspace_id": event.workspace_id,
        "slug": event.slug,
        "name": event.name,
        "timezone": event.timezone,
        "version": event.version,
        "has_activity": False,
    }
    changing = ["slug", "name", "timezone", "version"]
    await upsert(session, _table(session), [row], key=["workspace_id"], replace=changing)


def _table(session: AsyncSession) -> Table:
    table = session.info["tables"].workspace
    assert isinstance(table, Table)
    return table
