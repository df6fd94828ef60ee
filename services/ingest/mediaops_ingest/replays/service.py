"""What operators do with replays."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from mediaops_common.db import Database
from mediaops_common.http import Invalid, MomentRange
from mediaops_common.ids import new_id, shard_of
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.normaliser.deciding import fate_of, owner_of
from mediaops_ingest.normaliser.ledger import KnownKey
from mediaops_ingest.normaliser.source_book import SourceBook
from mediaops_ingest.replays import repository
from mediaops_ingest.replays.comparison import ComparedDelivery, compare
from mediaops_ingest.replays.diff import Change, content_of
from mediaops_ingest.replays.models import Replay
from mediaops_ingest.replays.schemas import ReplayPreview
from mediaops_ingest.replays.slices import next_slice
from mediaops_ingest.sources.service import Source

__all__ = ["begin", "find", "planned", "preview"]

MOST_PREVIEWED = 10_000
MOST_ITEMS = 100_000
SAMPLES = 20

find = repository.find


def planned(
    source: Source,
    received: MomentRange,
    delivery_ids: Sequence[UUID] | None,
    *,
    by: str,
    now: datetime,
) -> Replay:
    """A replay that is not yet ordered. Raises Invalid for a source without a channel."""
    if source.channel_id is None:
        raise Invalid("source_id", "has no channel: nothing came through it")
    return Replay(
        id=new_id(),
        workspace_id=source.workspace_id,
        source_id=source.id,
        shard=shard_of(source.channel_id),
        received_from=received.start,
        received_to=received.end,
        delivery_ids=None if delivery_ids is None else [str(one) for one in delivery_ids],
        state="queued",
        cursor=0,
        counts={},
        error=None,
        created_by=by,
        created_at=now,
        finished_at=None,
    )


async def begin(session: AsyncSession, replay: Replay) -> None:
    """Queues a replay; the shard's holder carries it out between batches."""
    session.add(replay)
    await session.flush()


async def preview(
    database: Database, log: DeliveryLog, book: SourceBook, replay: Replay
) -> ReplayPreview:
    """What a replay would change, over the first deliveries in range. Changes nothing."""
    counts: Counter[str] = Counter()
    samples: list[dict[str, Any]] = []
    mended: dict[bytes, KnownKey] = {}
    after = deliveries = items = 0
    is_complete = False
    while not is_complete and deliveries < MOST_PREVIEWED and items < MOST_ITEMS:
        part = await next_slice(database, log, replay, after=after)
        is_complete = part.is_last
        counts["unavailable"] += part.unavailable
        for one in await compare(database, book, part, _no_turn):
            _add(one, counts, samples, mended)
        if part.rows:
            after = part.rows[-1].seq
        deliveries, items = deliveries + len(part.rows), items + part.items
    return ReplayPreview(
        deliveries=counts["deliveries"],
        unavailable=counts["unavailable"],
        unchanged=counts["unchanged"],
        changed=counts["changed"],
        retracted=counts["retracted"],
        missing=counts["missing"],
        failed=counts["failed"],
        is_complete=is_complete,
        samples=samples,
    )


async def _no_turn() -> None:
    """A preview holds nothing."""


def _add(
    one: ComparedDelivery,
    counts: Counter[str],
    samples: list[dict[str, Any]],
    mended: dict[bytes, KnownKey],
) -> None:
    """`mended` are the keys of items that count as new: their repeats are repeats."""
    counts["deliveries"] += 1
    counts["failed"] += one.unreadable_items
    for item, diff in one.diffs:
        counts.update(diff.counts)
        for change in diff.changes:
            _sample(samples, one.row.id, item.index, change)
    for item in one.mended:
        seen = mended.get(item.key) or one.known.get(item.key)
        if fate_of(one.read, item, seen) != "normalised":
            continue
        mended[item.key] = owner_of(one.read, item)
        counts["missing"] += len(item.outputs)
        for output in item.outputs:
            _sample(samples, one.row.id, item.index, Change(None, output))


def _sample(samples: list[dict[str, Any]], delivery_id: UUID, item: int, change: Change) -> None:
    if len(samples) >= SAMPLES:
        return
    new = None
    if change.new is not None:
        whole = msgspec.to_builtins(change.new.event)
        new = whole.get("activity", whole)
    samples.append(
        {
            "delivery_id": str(delivery_id),
            "item": item,
            "old": None if change.old is None else content_of(change.old),
            "new": new,
        }
    )
