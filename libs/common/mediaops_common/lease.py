"""One holder at a time: a row with owner, expiry and fencing number."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import ColumnElement, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.database_clock import LONG_AGO, now_in
from mediaops_common.db import Database, insert_new
from mediaops_common.keyed import select_keyed
from mediaops_common.tables import SpineTables

__all__ = [
    "Lease",
    "LeaseLost",
    "Tenure",
    "acquire",
    "acquire_all",
    "check",
    "free",
    "give_back",
    "raise_fence",
    "release",
    "renew",
]

log = structlog.get_logger(__name__)

GIVE_BACK_SECONDS = 2.0


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


def _is_free(session: AsyncSession) -> ColumnElement[bool]:
    """What was let go of is free whatever its time: it may have been written by any clock."""
    lease = _tables(session).lease
    return or_(lease.c.owner == "", lease.c.expires_at <= now_in(session))


async def acquire(
    session: AsyncSession, name: str, owner: str, *, seconds: float = 15.0
) -> Lease | None:
    """Takes the lease; None while another owner's has not expired.

    An owner that comes back after a crash under the same name takes over at once, under a raised
    fence: in the runtime in one process there is no other owner to wait for.
    """
    taken = await acquire_all(session, [name], owner, seconds=seconds)
    return taken[0] if taken else None


async def acquire_all(
    session: AsyncSession,
    names: Sequence[str],
    owner: str,
    *,
    seconds: float = 15.0,
    most: int | None = None,
) -> list[Lease]:
    """Takes the owner's own leases again and then free ones, `most` at the most; lets go of those
    of its own that are above it.

    One that a transaction holds is not free, also where it has expired: its holder stands still in
    the midst of it, and whoever waited for it would stand still too, with all that it has.
    """
    lease = _tables(session).lease
    started = time.monotonic()
    connection = await session.connection()
    known = await connection.execute(select(lease.c.name).where(lease.c.name.in_(names)))
    # Only those that are new: an insert waits for whoever is changing a row of its key.
    new = set(names) - set(known.scalars())
    blank = [
        {"name": name, "owner": "", "fence": 0, "expires_at": LONG_AGO} for name in sorted(new)
    ]
    if blank:
        await insert_new(session, lease, blank, key=["name"])
    rows = await connection.execute(
        select(lease)
        # What another holds is not locked: it must not find its own leases locked by who looks.
        .where(lease.c.name.in_(names), or_(lease.c.owner == owner, _is_free(session)))
        .order_by(lease.c.name)
        .with_for_update(skip_locked=True)
    )
    there = rows.all()
    own = [row for row in there if row.owner == owner]
    free = [row for row in there if row.owner != owner]
    taken = [*own, *free][:most]
    if taken:
        await connection.execute(
            update(lease)
            .where(lease.c.name.in_([row.name for row in taken]))
            .values(owner=owner, fence=lease.c.fence + 1, expires_at=now_in(session, plus=seconds))
        )
    surplus = [row.name for row in own[len(taken) :]]
    if surplus:
        await connection.execute(
            update(lease).where(lease.c.name.in_(surplus)).values(owner="", expires_at=LONG_AGO)
        )
    return [Lease(row.name, owner, row.fence + 1, started + seconds) for row in taken]


async def free(session: AsyncSession, names: Sequence[str]) -> bool:
    """Whether at least one of the leases could be taken now. It locks it, as taking would."""
    lease = _tables(session).lease
    connection = await session.connection()
    found = await connection.execute(
        select(lease.c.name)
        .where(lease.c.name.in_(names), _is_free(session))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return found.first() is not None


async def renew(session: AsyncSession, *held: Lease, seconds: float = 15.0) -> None:
    """Keeps the leases for another while. Raises LeaseLost when one of them is lost."""
    lease = _tables(session).lease
    started = time.monotonic()
    await check(session, *held)
    connection = await session.connection()
    await connection.execute(
        update(lease)
        .where(lease.c.name.in_([one.name for one in held]))
        .values(expires_at=now_in(session, plus=seconds))
    )
    for one in held:
        one.expires = started + seconds


async def check(session: AsyncSession, *held: Lease) -> None:
    """Locks the leases' rows and compares the fences. Raises LeaseLost.

    Every transaction of a holder begins with this: the fence works only inside a transaction.
    """
    names = [(one.name,) for one in held]
    rows = await select_keyed(
        session, _tables(session).lease, ("name", "fence"), ("name",), names, locking=True
    )
    fences = {row.name: row.fence for row in rows}
    for one in held:
        if fences.get(one.name) != one.fence:
            raise LeaseLost(one.name)


async def raise_fence(session: AsyncSession, name: str) -> int:
    """Ends the present holder's stream: its next transaction fails and it starts anew."""
    lease = _tables(session).lease
    connection = await session.connection()
    await connection.execute(
        update(lease).where(lease.c.name == name).values(fence=lease.c.fence + 1)
    )
    row = await connection.execute(select(lease.c.fence).where(lease.c.name == name))
    return int(row.scalar_one_or_none() or 0)


async def release(session: AsyncSession, *held: Lease) -> None:
    """Lets go at once, so that a successor need not wait; of what was lost, nothing."""
    lease = _tables(session).lease
    connection = await session.connection()
    for one in sorted(held, key=lambda one: one.name):
        await connection.execute(
            update(lease)
            .where(lease.c.name == one.name, lease.c.fence == one.fence)
            .values(owner="", expires_at=LONG_AGO)
        )


async def give_back(releasing: Awaitable[None]) -> None:
    """Waits a moment for a release at the very end of a loop, also of one that is cancelled. What
    ended the loop is not hidden by one that fails: then successors wait until the time is over."""
    try:
        async with asyncio.timeout(GIVE_BACK_SECONDS):
            await releasing
    except Exception as error:
        log.warning("not_given_back", error=type(error).__name__)


class Tenure:
    """One lease, for as long as its owner comes back in time."""

    def __init__(self, database: Database, name: str, owner: str, *, seconds: float = 30.0) -> None:
        self._database = database
        self._name = name
        self._owner = owner
        self._seconds = seconds
        self._lease: Lease | None = None

    async def hold(self) -> Lease | None:
        """The lease, taken where it is free, and renewed when half of its time is over; None while
        it is another's. Raises LeaseLost when it went to another in between."""
        held, seconds = self._lease, self._seconds
        if held is not None and time.monotonic() < held.expires - seconds / 2:
            return held
        # Nothing is held until the commit has been heard of: a fence that was rolled back is given
        # to the next one too. Who did hold it takes it again, with a higher fence.
        self._lease = None
        async with self._database.write() as session:
            if held is None:
                held = await acquire(session, self._name, self._owner, seconds=seconds)
            else:
                await renew(session, held, seconds=seconds)
        self._lease = held
        return held

    async def release(self) -> None:
        """Lets a successor in at once."""
        held, self._lease = self._lease, None
        if held is not None:
            async with self._database.write() as session:
                await release(session, held)
