"""Replays, carried out by the shards' holder between batches."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from mediaops_common.clock import Clock
from mediaops_common.db import UNAVAILABLE, Database
from mediaops_common.failpoints import hit

from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.normaliser import repository as normaliser_repository
from mediaops_ingest.normaliser.ledger import Ledger
from mediaops_ingest.normaliser.shards import HeldShards, LeaseLost
from mediaops_ingest.normaliser.source_book import SourceBook
from mediaops_ingest.replays import repository
from mediaops_ingest.replays.active_days import ActorDay, active_days
from mediaops_ingest.replays.comparison import ComparedDelivery, compare
from mediaops_ingest.replays.mending import mend
from mediaops_ingest.replays.models import Replay
from mediaops_ingest.replays.slices import next_slice

__all__ = ["Replayer"]

log = structlog.get_logger(__name__)


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
        # The mapping may have been mended after the batch before this was read.
        await self._book.refresh()
        try:
            await self._replay_slice(replay)
        except (LeaseLost, *UNAVAILABLE):
            raise
        except Exception as error:
            log.exception("replay_failed", replay=str(replay.id))
            async with self._database.write() as session:
                await self._held.check(session)
                await repository.fail(session, replay.id, error, self._clock.now())
        return True

    async def _replay_slice(self, replay: Replay) -> None:
        keep = self._held.keep
        part = await next_slice(self._database, self._log, replay, after=replay.cursor)
        compared = await compare(self._database, self._book, part, keep)
        active = await active_days(self._database, compared, keep)
        ledger = Ledger(self._held.states)
        counts: Counter[str] = Counter(replay.counts)
        counts["deliveries"] += len(compared)
        counts["unavailable"] += part.unavailable
        now = self._clock.now()
        changed_rows, chunk_rows = await asyncio.to_thread(
            _mend_all, compared, ledger, counts, active, now
        )
        await keep()
        async with self._database.write() as session:
            await self._held.check(session)
            await normaliser_repository.write_ledger(session, ledger, chunk_rows)
            await repository.update_deliveries(session, changed_rows)
            hit("replay.in_transaction")
            await normaliser_repository.save_shards(session, ledger.states)
            await repository.advance(
                session,
                replay.id,
                cursor=part.rows[-1].seq if part.rows else replay.cursor,
                counts=dict(counts),
                finished_at=now if part.is_last else None,
            )
        self._held.states = ledger.states


def _mend_all(
    compared: Sequence[ComparedDelivery],
    ledger: Ledger,
    counts: Counter[str],
    active: Counter[ActorDay],
    now: datetime,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of deliveries that change, and the archive's new rows."""
    changed: list[dict[str, Any]] = []
    for one in compared:
        changed += mend(one, ledger, counts, active, now)
    return changed, ledger.chunk_rows(now)
