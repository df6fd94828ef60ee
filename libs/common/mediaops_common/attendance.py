"""Who takes a share of leases that are shared out among replicas: a row each, beside the leases."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.db import upsert

__all__ = ["attend", "attending", "depart"]


async def attend(session: AsyncSession, kind: str, owner: str, *, seconds: float = 15.0) -> int:
    """Says that this owner takes its share of the leases of a kind; returns how many do.

    Who attends is a row beside the leases; one that has expired is forgotten.
    """
    lease = session.info["tables"].lease
    now = datetime.now(UTC)
    connection = await session.connection()
    here = {"name": f"{kind}/{owner}", "owner": owner, "fence": 0}
    until = {"expires_at": now + timedelta(seconds=seconds)}
    await upsert(session, lease, [{**here, **until}], key=["name"], replace=["expires_at"])
    await connection.execute(
        delete(lease).where(lease.c.name.startswith(f"{kind}/"), lease.c.expires_at <= now)
    )
    return await attending(session, kind)


async def attending(session: AsyncSession, kind: str) -> int:
    """How many owners take their share."""
    lease = session.info["tables"].lease
    connection = await session.connection()
    found = await connection.execute(
        select(func.count()).where(
            lease.c.name.startswith(f"{kind}/"), lease.c.expires_at > datetime.now(UTC)
        )
    )
    return int(found.scalar_one())


async def depart(session: AsyncSession, kind: str, owner: str) -> None:
    """Takes no share any more."""
    lease = session.info["tables"].lease
    connection = await session.connection()
    await connection.execute(delete(lease).where(lease.c.name == f"{kind}/{owner}"))
