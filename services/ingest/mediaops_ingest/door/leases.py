"""Keeps what a hub says of a lease when it checks the hook."""

from mediaops_common.clock import Clock
from mediaops_common.db import Database
from mediaops_common.reach import reaching

from mediaops_ingest.door.cache import HookSource
from mediaops_ingest.hub_leases import service
from mediaops_ingest.platforms.port import Lease

__all__ = ["LeaseBook"]


class LeaseBook:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def note(self, source: HookSource, lease: Lease) -> None:
        """Committed before the hub is answered, so that no lease ends unseen."""
        now = self._clock.now()
        with reaching(source.workspace_id):
            async with self._database.write() as session:
                await service.hear(session, source.workspace_id, source.id, lease, now)
