"""Those who send, in one workspace."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random, SystemRandom
from zoneinfo import ZoneInfo

from mediaops_common.clock import Clock

from mediaops_simulator.plan.history import PlannedDay
from mediaops_simulator.system.api import Api
from mediaops_simulator.system.company import Workplace, connect_company
from mediaops_simulator.system.lines import Lines
from mediaops_simulator.system.publications import register
from mediaops_simulator.system.sender import Sender
from mediaops_simulator.system.snapshots import SnapshotSender
from mediaops_simulator.truth.book import Book

__all__ = ["Crew", "hired"]


@dataclass(slots=True)
class Crew:
    api: Api
    workplace: Workplace
    sender: Sender
    snapshots: SnapshotSender
    book: Book

    async def send_day(self, day: PlannedDay) -> None:
        """One day: what was published, what people did, and in the evening the counters."""
        await asyncio.gather(
            register(self.api, self.workplace, day.pieces), self.sender.send(day.sendings)
        )
        if day.levels:
            await self.snapshots.send(day.levels)


@asynccontextmanager
async def hired(
    api: Api, slug: str, seed: int, zone: ZoneInfo, clock: Clock
) -> AsyncIterator[Crew]:
    """Connects the company's accounts; the connections to the hooks end with the block."""
    workplace, book = await connect_company(api, slug, SystemRandom()), Book(zone)
    lines = Lines(api.url)
    snapshots = SnapshotSender(api, workplace, book, clock, Random(f"{seed}:snapshots"))
    try:
        yield Crew(api, workplace, Sender(api, lines, workplace, book, clock), snapshots, book)
    finally:
        lines.close()
