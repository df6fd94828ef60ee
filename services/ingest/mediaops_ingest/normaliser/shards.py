"""Holding shards: leases on all that are free, and the check that every transaction makes."""

import time

from mediaops_common.db import Database
from mediaops_common.ids import SHARDS
from mediaops_common.lease import Lease, LeaseLost, acquire_all, check, renew
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.normaliser import repository
from mediaops_ingest.normaliser.ledger import ShardState

__all__ = ["HeldShards", "LeaseLost", "lease_name"]

LEASE_SECONDS = 15.0


def lease_name(shard: int) -> str:
    return f"shard:{shard}"


class HeldShards:
    """The shards of this worker: leases and where they stand. All share one cursor."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner
        self._leases: dict[int, Lease] = {}
        self.states: dict[int, ShardState] = {}

    async def acquire(self) -> bool:
        """Takes every shard that is free, under new fencing numbers; False when none is."""
        names = [lease_name(shard) for shard in range(SHARDS)]
        async with self._database.write() as session:
            taken = await acquire_all(session, names, self._owner, seconds=LEASE_SECONDS)
            self._leases = {int(lease.name.removeprefix("shard:")): lease for lease in taken}
            self.states = await repository.load_shards(session, self._leases)
        return bool(self._leases)

    def fence(self, shard: int) -> int:
        return self._leases[shard].fence

    @property
    def cursor(self) -> int:
        """The lowest cursor: what lies above it is read, what a shard has had is skipped."""
        return min(state.cursor for state in self.states.values())

    async def keep(self) -> None:
        """Renews the leases when half of their time is over. Raises LeaseLost."""
        if time.monotonic() < min(x.expires for x in self._leases.values()) - LEASE_SECONDS / 2:
            return
        async with self._database.write() as session:
            await renew(session, *self._leases.values(), seconds=LEASE_SECONDS)

    async def check_fences(self, session: AsyncSession) -> None:
        """Raises LeaseLost when another holder took over a shard, or a republish was ordered."""
        await check(session, *self._leases.values())

    async def check(self, session: AsyncSession) -> None:
        """Every transaction that numbers begins with this. Raises LeaseLost."""
        await self.check_fences(session)
        if not await repository.stand_at(session, self.states):
            raise LeaseLost("a shard is not where its holder left it")
