"""One holder at a time: a row with owner, expiry and fencing number."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.db import insert_new
from mediaops_common.tables import SpineTables

__all__ = ["Lease", "LeaseLost", "acquire", "check", "raise_fence", "release"]


class LeaseLost(Exception):
    """Another holder took over: what was under way must be rolled back."""


@dataclass
class Lease:
    """What a holder knows. `fence` rises with every take-over and every republish."""

    name: str
    owner: str
    fence: int
    expires: float
    """Monotonic time after which the holder must renew before it trusts itself."""


def _tables(session: AsyncSession) -> SpineTables:
    tables = session.info["tables"]
    assert isinstance(tables, SpineTables)
    return tables


async def acquire(
    session: AsyncSession, name: str, owner: str, *, seconds: float = 15.0
) -> Lease | None:
    """Takes or renews the lease; None while another owner's has not expired.

    An owner that comes back after a crash under the same name takes over at once, under a raised
    fence: in the runtime in one process there is no other owner to wait for.
    """
    lease = _tables(session).lease
    now = datetime.now(UTC)
    started = time.monotonic()
    await insert_new(
        session,
        lease,
        [{"name": name, "owner": "", "fence": 0, "expires_at": now - timedelta(seconds=1)}],
        key=["name"],
    )
    connection = await session.connection()
    row = (
        await connection.execute(select(lease).where(lease.c.name == name).with_for_update())
    ).one()
    if row.owner != owner and row.expires_at > now:
        return None
    fence = row.fence + 1
    await connection.execute(
        update(lease)
        .where(lease.c.name == name)
        .values(owner=owner, fence=fence, expires_at=now + timedelta(seconds=seconds))
    )
    return Lease(name, owner, fence, started + seconds)


async def renew(session: AsyncSession, held: Lease, *, seconds: float = 15.0) -> None:
    """Keeps the lease for another while. Raises LeaseLost."""
    lease = _tables(session).lease
    started = time.monotonic()
    connection = await session.connection()
    result = await connection.execute(
        update(lease)
        .where(lease.c.name == held.name, lease.c.fence == held.fence)
        .values(expires_at=datetime.now(UTC) + timedelta(seconds=seconds))
    )
    if result.rowcount != 1:
        raise LeaseLost(held.name)
    held.expires = started + seconds


async def check(session: AsyncSession, held: Lease) -> None:
    """Locks the lease's row and compares the fence. Raises LeaseLost.

    Every transaction of a holder begins with this: the fence works only inside a transaction.
    """
    lease = _tables(session).lease
    connection = await session.connection()
    fence = (
        await connection.execute(
            select(lease.c.fence).where(lease.c.name == held.name).with_for_update()
        )
    ).scalar_one_or_none()
    if fence != held.fence:
        raise LeaseLost(held.name)


async def raise_fence(session: AsyncSession, name: str) -> int:
    """Ends the present holder's stream: its next transaction fails and it starts anew."""
    lease = _tables(session).lease
    connection = await session.connection()
    await connection.execute(
        update(lease).where(lease.c.name == name).values(fence=lease.c.fence + 1)
    )
    row = await connection.execute(select(lease.c.fence).where(lease.c.name == name))
    return int(row.scalar_one_or_none() or 0)


async def release(session: AsyncSession, held: Lease) -> None:
    """Lets go at once, so that a successor need not wait."""
    lease = _tables(session).lease
    connection = await session.connection()
    await connection.execute(
        update(lease)
        .where(lease.c.name == held.name, lease.c.fence == held.fence)
        .values(owner="", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    )
