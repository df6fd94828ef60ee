"""Who takes a share of leases that are shared out among replicas: a row each, beside the leases."""

from sqlalchemy import delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.database_clock import now_in
from mediaops_common.db import insert_into

__all__ = ["attend", "attending", "depart"]


async def attend(session: AsyncSession, kind: str, owner: str, *, seconds: float = 15.0) -> int:
    """Says that this owner takes its share of the leases of a kind; returns how many do.

    Who attends is a row beside the leases; one that has expired is forgotten.
    """
    lease = session.info["tables"].lease
    connection = await session.connection()
    until = {"expires_at": now_in(session, plus=seconds)}
    await connection.execute(
        insert_into(lease, connection.dialect.name)
        .values(name=f"{kind}/{owner}", owner=owner, fence=0, **until)
        .on_conflict_do_update(index_elements=[lease.c.name], set_=until)
    )
    is_over = lease.c.expires_at <= now_in(session)
    await connection.execute(delete(lease).where(lease.c.name.startswith(f"{kind}/"), is_over))
    return await attending(session, kind)


async def attending(session: AsyncSession, kind: str) -> int:
    """How many owners take their share."""
    lease = session.info["tables"].lease
    connection = await session.connection()
    found = await connection.execute(
        select(func.count()).where(
            lease.c.name.startswith(f"{kind}/"), lease.c.expires_at > now_in(session)
        )
    )
    return int(found.scalar_one())


async def depart(session: AsyncSession, kind: str, owner: str) -> None:
    """Takes no share any more."""
    lease = session.info["tables"].lease
    connection = await session.connection()
    await connection.execute(delete(lease).where(lease.c.name == f"{kind}/{owner}"))
