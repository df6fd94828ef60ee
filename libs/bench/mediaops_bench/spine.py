"""Ingest with a company in it, whose normaliser and relay are driven by hand."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from mediaops_common.ids import workspace_id
from mediaops_ingest.archive.relay import ArchiveRelay
from mediaops_ingest.delivery_log.port import NewDelivery
from mediaops_ingest.main import INGEST
from mediaops_ingest.normaliser.shards import HeldShards
from mediaops_ingest.normaliser.source_book import SourceBook
from mediaops_ingest.normaliser.worker import Normaliser
from mediaops_ingest.sources.service import api_source

from mediaops_bench.services import WORKSPACE, Opened, opened
from mediaops_bench.wire import Hook

__all__ = ["Spine", "a_spine"]

AT_ONCE = 1_000


@dataclass
class Spine:
    """One holder of all shards."""

    ingest: Opened
    hooks: list[Hook]
    held: HeldShards
    book: SourceBook
    normaliser: Normaliser
    relay: ArchiveRelay

    @property
    def sources(self) -> dict[str, UUID]:
        """Channel → the source of its signed webhooks."""
        return {hook.channel: UUID(hook.source) for hook in self.hooks}

    async def log(self, deliveries: Sequence[NewDelivery]) -> None:
        log = self.ingest.runtime.state["delivery_log"]
        for start in range(0, len(deliveries), AT_ONCE):
            await log.append(deliveries[start : start + AT_ONCE])

    async def normalise(self) -> None:
        """Until the log is read, as the supervisor does it."""
        busy = True
        while busy:
            await self.held.keep()
            busy = await self.normaliser.step()

    async def publish(self) -> None:
        """Until the bus has acknowledged every chunk."""
        while await self.relay.step():
            pass


@asynccontextmanager
async def a_spine(folder: Path, channels: int) -> AsyncIterator[Spine]:
    """A fresh installation with so many channels, each with a signed and an implicit source."""
    async with opened(INGEST, folder) as ingest:
        hooks = await ingest.add_company(channels)
        runtime = ingest.runtime
        async with runtime.database.write() as session:
            for hook in hooks:
                now, workspace = runtime.clock.now(), workspace_id(WORKSPACE)
                await api_source(session, workspace, UUID(hook.channel), now=now)
        held = HeldShards(runtime.database, "bench")
        book = SourceBook(runtime.database, runtime.keys.box)
        log = runtime.state["delivery_log"]
        normaliser = Normaliser(runtime.database, log, book, held, runtime.clock)
        relay = ArchiveRelay(runtime.database, runtime.bus, held, normaliser)
        await held.acquire()
        await relay.start()
        yield Spine(ingest, hooks, held, book, normaliser, relay)
