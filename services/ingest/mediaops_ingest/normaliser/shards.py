"""Holding shards: a fair share of their leases, and the check that every transaction makes."""

import math
import time

from mediaops_common.attendance import attend, attending, depart
from mediaops_common.clock import monotonic
from mediaops_common.db import Database
from mediaops_common.ids import SHARDS
from mediaops_common.lease import Lease, LeaseLost, acquire_all, check, free, release, renew
from prometheus_client import Gauge
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.normaliser import repository
from mediaops_ingest.normaliser.ledger import ShardState

__all__ = ["HeldShards", "LeaseLost", "lease_name"]

UNPUBLISHED = Gauge(
    "mediaops_unpublished_chunks",
    "Chunks of the archive that wait for the bus, of the shards that this process holds",
)

LEASE_SECONDS = 15.0
LOOK_SECONDS = 2.0
"""So soon shards are shared out anew among replicas that come and go."""
SHARE = "shards"


def lease_name(shard: int) -> str:
    return f"shard:{shard}"


NAMES = [lease_name(shard) for shard in range(SHARDS)]


class HeldShards:
    """The shards of this worker: leases and where they stand.

    Every worker may hold an equal share. One that has more lets the surplus go, and then begins
    anew with what is left; one that has less takes what is free.
    """

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner
        self._leases: dict[int, Lease] = {}
        self._look_at = 0.0
        self._others: int | None = None
        """The lowest cursor of the shards of other workers, when last looked at."""
        self.states: dict[int, ShardState] = {}

    async def acquire(self) -> bool:
        """Takes its share under new fencing numbers; False when no shard is free."""
        UNPUBLISHED.set(0)  # what it holds from here on is counted at the next look
        async with self._database.write() as session:
            workers = await attend(session, SHARE, self._owner, seconds=LEASE_SECONDS)
            taken = await acquire_all(
                session, NAMES, self._owner, seconds=LEASE_SECONDS, most=_share(workers)
            )
            leases = {int(lease.name.removeprefix("shard:")): lease for lease in taken}
            states = await repository.load_shards(session, leases)
            others = await repository.lowest_cursor(session, leases)
        # Not before the commit: what was rolled back may be another's by now.
        self._leases, self.states, self._others = leases, states, others
        self._look_at = monotonic() + LOOK_SECONDS
        return bool(self._leases)

    async def release(self) -> None:
        """Leaves everything to the others, at once."""
        UNPUBLISHED.set(0)
        async with self._database.write() as session:
            await release(session, *self._leases.values())
            await depart(session, SHARE, self._owner)

    def fence(self, shard: int) -> int:
        return self._leases[shard].fence

    @property
    def cursor(self) -> int:
        """The lowest cursor: what lies above it is read, what a shard has had is skipped."""
        return min(state.cursor for state in self.states.values())

    @property
    def read_through(self) -> int:
        """Up to here every shard has been read, whoever holds it."""
        return self.cursor if self._others is None else min(self.cursor, self._others)

    async def keep(self) -> None:
        """Renews the leases when half of their time is over. Raises LeaseLost when one was lost,
        and when the shards are to be shared out anew."""
        if time.monotonic() > min(x.expires for x in self._leases.values()) - LEASE_SECONDS / 2:
            async with self._database.write() as session:
                await renew(session, *self._leases.values(), seconds=LEASE_SECONDS)
                await attend(session, SHARE, self._owner, seconds=LEASE_SECONDS)
        if monotonic() > self._look_at:
            await self._look()
            self._look_at = monotonic() + LOOK_SECONDS

    async def _look(self) -> None:
        async with self._database.read() as session:
            share = _share(await attending(session, SHARE))
            self._others = await repository.lowest_cursor(session, self._leases)
            UNPUBLISHED.set(await repository.unpublished_chunks(session, self._leases))
        if len(self._leases) > share or (len(self._leases) < share and await self._can_take()):
            raise LeaseLost("the shards are shared out anew")

    async def _can_take(self) -> bool:
        async with self._database.write() as session:
            return await free(session, NAMES)

    async def check_fences(self, session: AsyncSession) -> None:
        """Raises LeaseLost when another holder took over a shard, or a republish was ordered."""
        await check(session, *self._leases.values())

    async def check(self, session: AsyncSession) -> None:
        """Every transaction that numbers begins with this. Raises LeaseLost."""
        await self.check_fences(session)
        if not await repository.stand_at(session, self.states):
            raise LeaseLost("a shard is not where its holder left it")


def _share(workers: int) -> int:
    return math.ceil(SHARDS / max(workers, 1))
