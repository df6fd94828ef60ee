"""The normaliser's loop: deliveries in, numbered events in the archive out."""

import asyncio
import time
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from mediaops_common.clock import Clock
from mediaops_common.db import Database
from mediaops_common.failpoints import hit
from prometheus_client import Counter, Histogram

from mediaops_ingest.delivery_log.port import DeliveryLog, LoggedDelivery
from mediaops_ingest.normaliser import repository
from mediaops_ingest.normaliser.deciding import decide
from mediaops_ingest.normaliser.ledger import Ledger
from mediaops_ingest.normaliser.reading import ReadDelivery, SourceView, read_delivery
from mediaops_ingest.normaliser.shards import HeldShards
from mediaops_ingest.normaliser.source_book import SourceBook

__all__ = ["MARGIN", "Normaliser"]

log = structlog.get_logger(__name__)

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
        reads = await self._read(mine)
        keys = {item.key for read in reads for item in read.items}
        async with self._database.read() as session:
            known = await repository.known_keys(session, keys)
        ledger = Ledger(states)
        outcomes = []
        zones: dict[UUID, str] = {}
        for read in reads:
            workspace_id = read.delivery.workspace_id
            zone = zones.get(workspace_id)
            if zone is None:
                zone = zones[workspace_id] = await self._book.timezone(workspace_id)
            outcomes.append(decide(read, zone, known, ledger))
        for state in ledger.states.values():
            state.cursor = max(state.cursor, deliveries[-1].seq)
        through = deliveries[-1].received_at - MARGIN
        chunk_rows = await asyncio.to_thread(ledger.chunk_rows, through)
        async with self._database.write() as session:
            await self._held.check(session)
            await repository.settle_zones(session, zones)
            await repository.write_ledger(session, ledger, chunk_rows)
            hit("normaliser.in_transaction")
            await repository.save_shards(session, ledger.states)
        self._held.states = ledger.states
        self.through = through
        self.produced.set()
        for name in ("normalised", "duplicates", "conflicts", "rejected", "failed", "unmapped"):
            ITEMS.labels(name).inc(sum(getattr(outcome, name) for outcome in outcomes))

    async def _read(self, deliveries: list[LoggedDelivery]) -> list[ReadDelivery]:
        reads: list[ReadDelivery] = []
        for start in range(0, len(deliveries), SLICE):
            part = [
                (delivery, await self._book.source(delivery.source_id))
                for delivery in deliveries[start : start + SLICE]
            ]
            reads += await asyncio.to_thread(_read_all, part)
        return reads


def _read_all(part: list[tuple[LoggedDelivery, SourceView | None]]) -> list[ReadDelivery]:
    return [read_delivery(delivery, source) for delivery, source in part]
