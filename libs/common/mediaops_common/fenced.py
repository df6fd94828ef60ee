"""A database as the holder of a lease has it: it writes nothing once another took over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.db import Database
from mediaops_common.lease import Lease, check

__all__ = ["FencedDatabase"]


class FencedDatabase(Database):
    """The same database, its connections and its listeners; every transaction that writes begins
    with the check of the lease.

    A holder that was stopped for longer than its lease learns of it by nothing else: its clock may
    have stood still as well.
    """

    def __init__(self, database: Database, lease: Lease) -> None:
        self.__dict__.update(vars(database))
        self._lease = lease
        self.writing = asyncio.Lock()
        """Held while a transaction keeps the lease's row: who renews the lease takes its turn, and
        does not run into the time-out of a lock that its own run has."""

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Likewise one transaction. Raises LeaseLost where the lease is another's by now."""
        async with self.writing, super().write() as session:
            await check(session, self._lease)
            yield session
