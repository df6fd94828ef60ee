"""Listens to the sources."""

from uuid import UUID

from mediaops_common.jobs import Job
from mediaops_common.service import Runtime

from mediaops_ingest.health import repository, service

__all__ = ["LISTEN"]

SLICE = 500
"""Sources in one transaction."""


async def listen(runtime: Runtime) -> None:
    after: UUID | None = None
    while True:
        async with runtime.database.write() as session:
            sources = await repository.heard(session, after=after, limit=SLICE)
            await service.listen(session, sources, runtime.clock.now())
        if len(sources) < SLICE:
            return
        after = sources[-1].id


LISTEN = Job("listen-to-sources", every_seconds=60.0, run=listen)
