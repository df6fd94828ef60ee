"""The normaliser's loop: deliveries in, numbered events in the archive out."""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from mediaops_common.clock import Clock
from mediaops_common.db import Database
from mediaops_common.failpoints import hit
from prometheus_client import Counter, Histogram

from mediaops_ingest.delivery_log.port import DeliveryLog, LoggedDelivery
from mediaops_ingest.normaliser import repository
from mediaops_ingest.normaliser.deciding import decide
from mediaops_ingest.normaliser.ledger import KnownKey, Ledger
from mediaops_ingest.normaliser.outcome import together
from mediaops_ingest.normaliser.reading import ReadDelivery, SourceView, read_delivery
from mediaops_ingest.normaliser.shards import HeldShards
from mediaops_ingest.normaliser.source_book import SourceBook

__all__ = ["MARGIN", "Normaliser"]

ITEMS = Counter("mediaops_items", "Items by outcome", ["outcome"])
SECONDS = Histogram("mediaops_normalise_seconds", "Time of one batch of deliveries")

BATCH_DELIVERIES = 2_000
BATCH_BYTES = 4 << 20
SLICE = 200
"""Deliveries read in one go of a thread: a slice that holds the interpreter only for a while."""

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

    async def step(self) -> bool:
        """One batch. Returns False when there was nothing to do. Raises LeaseLost."""
        moment = self._clock.now()
        cursor = self._held.cursor
        deliveries = await self._log.read(cursor, BATCH_DELIVERIES, BATCH_BYTES)
        if not deliveries:
            self.through = moment - MARGIN
            return False
        started = time.perf_counter()
        await self._take(deliveries)
        self._log.note_read(self._held.read_through)
        SECONDS.observe(time.perf_counter() - started)
        return True

    async def wait(self, seconds: float) -> None:
        """Returns when something new is in the log, or after so many seconds."""
        await self._log.wait_newer(self._held.cursor, seconds)

    async def _take(self, deliveries: list[LoggedDelivery]) -> None:
        states = self._held.states
        mine = [d for d in deliveries if d.shard in states and d.seq > states[d.shard].cursor]
        reads, keys = await self._read(mine)
        async with self._database.glance() as session:
            known = await repository.known_keys(session, keys)
        workspaces = {delivery.workspace_id for delivery in mine}
        zones = {one: await self._book.timezone(one) for one in workspaces}
        ledger = Ledger(states)
        through = deliveries[-1].received_at - MARGIN
        chunk_rows = await asyncio.to_thread(_decide_all, reads, zones, known, ledger, through)
        for state in ledger.states.values():
            state.cursor = max(state.cursor, deliveries[-1].seq)
        async with self._database.write() as session:
            await self._held.check(session)
            await repository.settle_zones(session, zones)
            await repository.write_ledger(session, ledger, chunk_rows)
            hit("normaliser.in_transaction")
            await repository.save_shards(session, ledger.states)
        self._held.states = ledger.states
        self.through = through
        self.produced.set()
        whole = together(ledger.outcomes())
        for name in ("normalised", "duplicates", "conflicts", "rejected", "failed", "unmapped"):
            ITEMS.labels(name).inc(getattr(whole, name))

    async def _read(
        self, deliveries: list[LoggedDelivery]
    ) -> tuple[list[ReadDelivery], set[bytes]]:
        """The deliveries as they read, and the keys of their items."""
        reads: list[ReadDelivery] = []
        keys: set[bytes] = set()
        sources = await self._book.sources({delivery.source_id for delivery in deliveries})
        for start in range(0, len(deliveries), SLICE):
            part = [
                (delivery, sources[delivery.source_id])
                for delivery in deliveries[start : start + SLICE]
            ]
            reads += await asyncio.to_thread(_read_all, part, keys)
        return reads, keys


def _read_all(
    part: list[tuple[LoggedDelivery, SourceView | None]], keys: set[bytes]
) -> list[ReadDelivery]:
    reads = [read_delivery(delivery, source) for delivery, source in part]
    keys.update(item.key for read in reads for item in read.items)
    return reads


def _decide_all(
    reads: list[ReadDelivery],
    zones: Mapping[UUID, str],
    known: Mapping[bytes, KnownKey],
    ledger: Ledger,
    through: datetime,
) -> list[dict[str, Any]]:
    """Settles all of them; returns the archive's new rows."""
    for read in reads:
        decide(read, zones[read.delivery.workspace_id], known, ledger)
    return ledger.chunk_rows(through)
