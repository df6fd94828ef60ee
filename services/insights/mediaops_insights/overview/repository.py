"""Queries over what went wrong here."""

from uuid import UUID

from sqlalchemy import func, select
from sqlmodel.ext.asyncio.session import AsyncSession


async def parked_count(session: AsyncSession, workspace_id: UUID) -> int:
    """Events of the workspace that could not be applied and wait for a decision."""
    parked = session.info["tables"].parked
    query = (
        select(func.count())
        .select_from(parked)
        .where(parked.c.workspace_id == workspace_id, parked.c.state == "parked")
    )
    connection = await session.connection()
    return int((await connection.execute(query)).scalar_one())
