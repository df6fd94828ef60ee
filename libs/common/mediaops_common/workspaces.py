"""The workspaces that ingest told of, in the table that every service has."""

from sqlalchemy import select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.db import upsert
from mediaops_common.events import WorkspaceSaved

__all__ = ["learn_workspace"]


async def learn_workspace(session: AsyncSession, event: WorkspaceSaved) -> None:
    """Keeps what the event says, unless something newer is known already."""
    table = session.info["tables"].workspace
    query = select(table.c.version).where(table.c.workspace_id == event.workspace_id)
    connection = await session.connection()
    known = (await connection.execute(query)).scalar_one_or_none()
    if known is not None and known >= event.version:
        return
    row = {
        "workspace_id": event.workspace_id,
        "slug": event.slug,
        "name": event.name,
        "timezone": event.timezone,
        "version": event.version,
        "has_activity": False,
    }
    changing = ["slug", "name", "timezone", "version"]
    await upsert(session, table, [row], key=["workspace_id"], replace=changing)
