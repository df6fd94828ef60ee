"""Replays, carried out by the shards' holder between batches."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import structlog
from mediaops_common.clock import Clock
from mediaops_common.db import UNAVAILABLE, Database
from mediaops_common.failpoints import hit

from mediaops_ingest.deliveries.models import Delivery
from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.normaliser import repository as normaliser_repository
from mediaops_ingest.normaliser.ledger import Ledger
from mediaops_ingest.normaliser.shards import HeldShards, LeaseLost
from mediaops_ingest.normaliser.source_book import SourceBook
from mediaops_ingest.replays import repository
from mediaops_ingest.replays.active_days import active_days
from mediaops_ingest.replays.comparison import compare
from mediaops_ingest.replays.mending import mend
from mediaops_ingest.replays.models import Replay

__all__ = ["Replayer"]

log = structlog.get_logger(__name__)

SLICE = 200
"""Deliveries in one transaction."""


class Replayer:
    """Carries out queued replays of the shards that this worker holds."""

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

    async def step(self) -> bool:
        """One slice of the oldest open replay; False when there is none. Raises LeaseLost.

        A replay that meets an error ends as failed: what it did before stands, and one that is
        ordered anew does the rest. While the database is away it waits.
        """
        async with self._database.read() as session:
            replay = await repository.next_open(session, self._held.states)
            if replay is None:
                return False
            rows = await repository.deliveries_of(session, replay, after=replay.cursor, limit=SLICE)
        # The mapping may have been mended after the batch before this was read.
        await self._book.refresh()
        try:
            await self._replay_slice(replay, rows)
        except (LeaseLost, *UNAVAILABLE):
            raise
        except Exception as error:
            log.exception("replay_failed", replay=str(replay.id))
            async with self._database.write() as session:
                await self._held.check(session)
                await repository.fail(session, replay.id, error, self._clock.now())
        return True

    async def _replay_slice(self, replay: Replay, rows: Sequence[Delivery]) -> None:
        ledger = Ledger(self._held.states)
        counts: Counter[str] = Counter(replay.counts)
        compared = await compare(self._database, self._log, self._book, rows)
        counts["unavailable"] += len(rows) - len(compared)
        active = await active_days(self._database, compared)
        now = self._clock.now()
        changed_rows: list[dict[str, Any]] = []
        for one in compared:
            counts["deliveries"] += 1
            changed_rows += mend(one, ledger, counts, active, now)
        is_last = len(rows) < SLICE
        chunk_rows = await asyncio.to_thread(ledger.chunk_rows, now)
        async with self._database.write() as session:
            await self._held.check(session)
            await normaliser_repository.write_ledger(session, ledger, chunk_rows)
            await repository.update_deliveries(session, changed_rows)
            hit("replay.in_transaction")
            await normaliser_repository.save_shards(session, ledger.states)
            await repository.advance(
                session,
                replay.id,
                cursor=rows[-1].seq if rows else replay.cursor,
                counts=dict(counts),
                finished_at=now if is_last else None,
            )
        self._held.states = ledger.states
