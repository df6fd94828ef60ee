"""The normaliser's loop: deliveries in, numbered events in the archive out."""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from mediaops_common.clock import Clock
from mediaops_common.db import Database
from mediaops_common.failpoints import hit
from prometheus_client import Counter, Histogram

from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.normaliser import repository
from mediaops_ingest.normaliser.batches import Batch, read_batch
from mediaops_ingest.normaliser.deciding import decide
from mediaops_ingest.normaliser.ledger import KnownKey, Ledger
from mediaops_ingest.normaliser.shards import HeldShards
from mediaops_ingest.normaliser.source_book import SourceBook

__all__ = ["MARGIN", "Normaliser"]

ITEMS = Counter("mediaops_items", "Items by outcome", ["outcome"])
SECONDS = Histogram("mediaops_normalise_seconds", "Time of one batch of deliveries")

BEHIND = 500
"""Deliveries that wait."""

MARGIN = timedelta(seconds=5)
"""A request is stamped shortly before it is logged; further back nothing can appear any more."""


class Normaliser:
    """Reads on from the shards' cursor. One transaction per batch, for all shards it holds."""

    def __init__(
        self,
        database: Database,
        delivery_log: DeliveryLog,
        book: SourceBook,
        held: HeldShards,
        clock: Clock,
    ) -> None:
        self._database = database
        self._log = delivery_log
        self._book = book
        self._held = held
        self._clock = clock
        self.produced = asyncio.Event()
        """Set whenever there are new chunks to publish."""
        self.through: datetime | None = None
        """Everything that was received up to here is normalised."""
        self._ahead: Batch | None = None
        """The next batch, where it was read while the one before was settled."""

    @property
    def is_behind(self) -> bool:
        """Whether so much waits that batches should follow each other without a pause."""
        return self._waiting_after(self._held.cursor) > BEHIND

    async def step(self) -> bool:
        """One batch. Returns False when there was nothing to do. Raises LeaseLost."""
        started = time.perf_counter()
        batch = await self._next()
        if not batch.deliveries:
            self.through = batch.moment - MARGIN
            return False
        await self._settle_and_read_on(batch)
        self._log.note_read(self._held.read_through)
        SECONDS.observe(time.perf_counter() - started)
        return True

    async def wait(self, seconds: float) -> None:
        """Returns when something new is in the log, or after so many seconds."""
        await self._log.wait_newer(self._held.cursor, seconds)

    async def _next(self) -> Batch:
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            # What was read under a mapping that is none any more would never be read under its
            # successor: a replay of that one ends at the cursor.
            await self._book.refresh()
            if ahead.version == self._book.version:
                return ahead
        return await self._read(self._held.cursor)

    async def _read(self, after: int) -> Batch:
        return await read_batch(self._log, self._book, self._held, self._clock, after=after)

    async def _settle_and_read_on(self, batch: Batch) -> None:
        """Settling waits for a server a third of its time: enough to read what follows. For a file
        of this process it hardly waits, and the two would only stand in each other's way."""
        newest = batch.deliveries[-1].seq
        if self._database.dialect == "sqlite" or self._waiting_after(newest) <= BEHIND:
            await self._settle(batch)
            return
        following = asyncio.create_task(self._read(newest))
        try:
            await self._settle(batch)
            self._ahead = await following
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    def _waiting_after(self, seq: int) -> int:
        return self._log.newest_seq - seq

    async def _settle(self, batch: Batch) -> None:
        async with self._database.glance() as session:
            known = await repository.known_keys(session, batch.keys)
        newest = batch.deliveries[-1]
        ledger = Ledger(self._held.states)
        through = newest.received_at - MARGIN
        chunk_rows = await asyncio.to_thread(_decide_all, batch, known, ledger, through)
        for state in ledger.states.values():
            state.cursor = max(state.cursor, newest.seq)
        async with self._database.write() as session:
            await self._held.check(session)
            await repository.settle_zones(session, batch.zones)
            await repository.write_ledger(session, ledger, chunk_rows)
            hit("normaliser.in_transaction")
            await repository.save_shards(session, ledger.states)
        self._held.states = ledger.states
        self.through = through
        self.produced.set()
        outcomes = ledger.outcomes()
        for name in ("normalised", "duplicates", "conflicts", "rejected", "failed", "unmapped"):
            ITEMS.labels(name).inc(sum(map(attrgetter(name), outcomes)))


def _decide_all(
    batch: Batch, known: Mapping[bytes, KnownKey], ledger: Ledger, through: datetime
) -> list[dict[str, Any]]:
    """Settles all of them; returns the archive's new rows."""
    for read in batch.reads:
        decide(read, batch.zones[read.delivery.workspace_id], known, ledger)
    return ledger.chunk_rows(through)
