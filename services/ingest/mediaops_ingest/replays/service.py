"""What operators do with replays."""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from mediaops_common.db import Database
from mediaops_common.http import MomentRange
from mediaops_common.ids import new_id, shard_of
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.normaliser.source_book import SourceBook
from mediaops_ingest.replays import repository
from mediaops_ingest.replays.diff import Change, content_of
from mediaops_ingest.replays.models import Replay
from mediaops_ingest.replays.schemas import ReplayPreview
from mediaops_ingest.replays.worker import compare_delivery
from mediaops_ingest.sources.service import Source

__all__ = ["begin", "find", "preview"]

MOST_PREVIEWED = 2_000
SAMPLES = 20

find = repository.find


async def begin(
    session: AsyncSession, source: Source, received: MomentRange, *, by: str, now: datetime
) -> Replay:
    """Queues a replay; the shard's holder carries it out between batches."""
    assert source.channel_id is not None
    replay = Replay(
        id=new_id(),
        workspace_id=source.workspace_id,
        source_id=source.id,
        shard=shard_of(source.channel_id),
        received_from=received.start,
        received_to=received.end,
        state="queued",
        cursor=0,
        counts={},
        error=None,
        created_by=by,
        created_at=now,
        finished_at=None,
    )
    session.add(replay)
    await session.flush()
    return replay


async def preview(
    database: Database,
    log: DeliveryLog,
    book: SourceBook,
    source_id: UUID,
    received: MomentRange,
) -> ReplayPreview:
    """What a replay would change, over the first deliveries in range. Changes nothing."""
    async with database.read() as session:
        rows = await repository.deliveries_between(
            session, source_id, received.start, received.end, after=0, limit=MOST_PREVIEWED + 1
        )
    counts: Counter[str] = Counter()
    samples: list[dict[str, Any]] = []
    for row in rows[:MOST_PREVIEWED]:
        one = await compare_delivery(database, log, book, row)
        if one is None:
            counts["unavailable"] += 1
            continue
        counts["deliveries"] += 1
        for item, diff in one.diffs:
            counts.update(diff.counts)
            for change in diff.changes:
                _sample(samples, row.id, item.index, change)
        for item in one.healed:
            counts["missing"] += len(item.outputs)
            for output in item.outputs:
                _sample(samples, row.id, item.index, Change(None, output))
    return ReplayPreview(
        deliveries=counts["deliveries"],
        unavailable=counts["unavailable"],
        unchanged=counts["unchanged"],
        changed=counts["changed"],
        retracted=counts["retracted"],
        missing=counts["missing"],
        is_complete=len(rows) <= MOST_PREVIEWED,
        samples=samples,
    )


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
