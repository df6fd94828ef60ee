"""Replays, carried out by the shards' holder between batches."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from mediaops_common.activity_types import activates
from mediaops_common.clock import Clock
from mediaops_common.db import Database
from mediaops_common.events import (
    Activity,
    ActivityRetracted,
    Event,
    SnapshotRecorded,
    encode,
)
from mediaops_common.failpoints import hit
from mediaops_common.ids import slot_of
from mediaops_common.zones import day_end, day_number, day_start, number_day

from mediaops_ingest.archive import repository as archive
from mediaops_ingest.archive.standing import decoded, fold
from mediaops_ingest.deliveries.models import Delivery
from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.normaliser import repository as normaliser_repository
from mediaops_ingest.normaliser.deciding import emit
from mediaops_ingest.normaliser.ledger import KnownKey, Ledger, Outcome
from mediaops_ingest.normaliser.reading import (
    ACTIVITY,
    SNAPSHOT,
    SOURCE,
    ReadDelivery,
    ReadItem,
    read_delivery,
)
from mediaops_ingest.normaliser.shards import HeldShards
from mediaops_ingest.normaliser.source_book import SourceBook
from mediaops_ingest.replays import repository
from mediaops_ingest.replays.diff import Change, Diff, Standing, difference
from mediaops_ingest.replays.models import Replay

__all__ = ["ReplayedDelivery", "Replayer", "compare_delivery"]

SLICE = 200
"""Deliveries in one transaction."""

ActorDay = tuple[str, int]
"""(activity key, day number): where a bit of the audience may have to go."""


@dataclass
class ReplayedDelivery:
    """One delivery as it stands and as the present mapping reads it."""

    row: Delivery
    read: ReadDelivery
    diffs: list[tuple[ReadItem, Diff]]
    healed: list[ReadItem]
    """Items that had failed and can be read now."""


async def compare_delivery(
    database: Database, log: DeliveryLog, book: SourceBook, row: Delivery
) -> ReplayedDelivery | None:
    """Reads a delivery again and compares; None when its raw bytes are gone.

    Only the delivery that owns a key speaks for it: repeats and conflicts stay what they are.
    """
    logged = await log.get(row.seq)
    if logged is None:
        return None
    source = await book.source(row.source_id)
    read = await asyncio.to_thread(read_delivery, logged, source)
    async with database.read() as session:
        known = await normaliser_repository.known_keys(session, [i.key for i in read.items])
        chunks = await archive.chunks_of(session, row.shard, row.chunks)
    standing = fold(await asyncio.to_thread(decoded, chunks))
    by_item: dict[int, list[Standing]] = {}
    for event in standing.values():
        if event.delivery_id == row.id:
            by_item.setdefault(event.item, []).append(event)
    diffs, healed = [], []
    fresh: set[bytes] = set()
    for item in read.items:
        if item.failure is not None:
            continue  # what cannot be read now says nothing against what was read then
        owner = known.get(item.key)
        if owner is None:
            if item.key not in fresh:
                healed.append(item)
                fresh.add(item.key)
        elif (owner.seq, owner.item) == (row.seq, item.index):
            diffs.append((item, difference(by_item.get(item.index, []), item.outputs)))
    return ReplayedDelivery(row, read, diffs, healed)


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
        """One slice of the oldest open replay; False when there is none. Raises LeaseLost."""
        async with self._database.read() as session:
            replay = await repository.next_open(session, self._held.states)
            if replay is None:
                return False
            rows = await repository.deliveries_of(session, replay, limit=SLICE)
        await self._replay_slice(replay, rows)
        return True

    async def _replay_slice(self, replay: Replay, rows: list[Delivery]) -> None:
        ledger = Ledger(self._held.states)
        counts: Counter[str] = Counter(replay.counts)
        replayed: list[ReplayedDelivery] = []
        for row in rows:
            one = await compare_delivery(self._database, self._log, self._book, row)
            if one is None:
                counts["unavailable"] += 1
            else:
                replayed.append(one)
        active = await self._active_counts(replayed)
        changed_rows: list[dict[str, Any]] = []
        for one in replayed:
            counts["deliveries"] += 1
            changed_rows += self._apply(one, ledger, counts, active)
        is_last = len(rows) < SLICE
        chunk_rows = await asyncio.to_thread(ledger.chunk_rows, self._clock.now())
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
                finished_at=self._clock.now() if is_last else None,
            )
        self._held.states = ledger.states

    async def _active_counts(self, replayed: list[ReplayedDelivery]) -> Counter[ActorDay]:
        """How many standing activities keep each actor active on the days that are touched."""
        touched: dict[tuple[UUID, UUID, str], set[int]] = {}
        for one in replayed:
            for _, diff in one.diffs:
                for change in diff.changes:
                    old = change.old
                    if isinstance(old, Activity) and activates(old):
                        key = (old.workspace_id, old.channel_id, old.timezone)
                        day = day_number(old.occurred_at, old.timezone)
                        touched.setdefault(key, set()).add(day)
        active: Counter[ActorDay] = Counter()
        for (workspace_id, channel_id, zone), days in touched.items():
            first = day_start(number_day(min(days)), zone)
            last = day_end(number_day(max(days)), zone)
            async with self._database.read() as session:
                chunks = await archive.overlapping(session, workspace_id, channel_id, first, last)
            standing = fold(await asyncio.to_thread(decoded, chunks))
            for event in standing.values():
                if isinstance(event, Activity) and activates(event):
                    active[event.key, day_number(event.occurred_at, zone)] += 1
        return active

    def _apply(
        self,
        one: ReplayedDelivery,
        ledger: Ledger,
        counts: Counter[str],
        active: Counter[ActorDay],
    ) -> list[dict[str, Any]]:
        outcome = Outcome()
        chunks = set(one.row.chunks)
        for item, diff in one.diffs:
            for name, value in diff.counts.items():
                counts[name] += value
            for change in diff.changes:
                self._change(one, item, change, ledger, outcome, chunks, active)
        for item in one.healed:
            counts["missing"] += len(item.outputs)
            source = one.read.source
            assert source is not None
            ledger.keys[item.key] = KnownKey(
                item.digest, source.adapter.declaration.name, one.row.seq, item.index
            )
            for output in item.outputs:
                chunks.add(emit(one.read, output, ledger, outcome))
                if isinstance(output.event, SnapshotRecorded):
                    continue
                if activates(output.event.activity):
                    active[_actor_day(output.event.activity)] += 1
        healed = min(len(one.healed), one.row.failed)
        changes = {
            "normalised": healed,
            "failed": -healed,
            "activities": outcome.activities,
            "retractions": outcome.retractions,
            "snapshots": outcome.snapshots,
        }
        if not any(changes.values()):
            return []
        source = one.read.source
        assert source is not None
        ledger.count(one.read.delivery, source.context.timezone, changes)
        failed = one.row.failed - healed
        status = "failed" if failed and not one.row.conflicts else one.row.status
        if not failed and status == "failed":
            status = "done"
        return [
            {
                "row_id": one.row.id,
                "new_status": status,
                "new_normalised": one.row.normalised + healed,
                "new_failed": failed,
                "new_revision": source.mapping_revision,
                "new_chunks": sorted(chunks),
                "new_reason": one.row.reason if status in ("failed", "conflict") else None,
            }
        ]

    def _change(
        self,
        one: ReplayedDelivery,
        item: ReadItem,
        change: Change,
        ledger: Ledger,
        outcome: Outcome,
        chunks: set[int],
        active: Counter[ActorDay],
    ) -> None:
        """Takes back the old event in its own lane, then records the new one."""
        if change.old is not None:
            replaced_by = None if change.new is None else _id_of(change.new.event)
            event: Event
            if isinstance(change.old, Activity):
                place = _actor_day(change.old)
                if activates(change.old):
                    active[place] -= 1
                event = ActivityRetracted(
                    activity=change.old,
                    retracted_at=self._clock.now(),
                    reason="replay",
                    replaced_by=replaced_by,
                    remaining_active=max(active[place], 0),
                )
                outcome.retractions += 1
                key, topic, moment = change.old.key, ACTIVITY, change.old.occurred_at
            else:
                event = msgspec.structs.replace(change.old, is_retraction=True)
                outcome.snapshots += 1
                key, topic, moment = str(change.old.channel_id), SNAPSHOT, change.old.as_of
            chunks.add(self._number(one, event, key, topic, moment, ledger))
        if change.new is not None:
            chunks.add(emit(one.read, change.new, ledger, outcome))
            recorded = change.new.event
            if not isinstance(recorded, SnapshotRecorded) and activates(recorded.activity):
                active[_actor_day(recorded.activity)] += 1

    def _number(
        self,
        one: ReplayedDelivery,
        event: Event,
        key: str,
        topic: int,
        moment: datetime,
        ledger: Ledger,
    ) -> int:
        source = one.read.source
        assert source is not None
        raw = key.encode()
        value = encode(
            event, source=SOURCE, time=self._clock.now(), workspace_id=source.workspace_id
        )
        return ledger.number(
            one.row.shard,
            source.workspace_id,
            source.channel_id,
            (topic, slot_of(raw), raw, value, moment),
        )


def _actor_day(activity: Activity) -> ActorDay:
    return activity.key, day_number(activity.occurred_at, activity.timezone)


def _id_of(event: Any) -> UUID:
    found: UUID = event.id if isinstance(event, SnapshotRecorded) else event.activity.id
    return found
