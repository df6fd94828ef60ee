"""The fast group: what every batch of activities and snapshots does to the numbers."""

from dataclasses import dataclass

from mediaops_common.consumer import Batch, ConsumerGroup
from mediaops_common.events import Topic
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.audience import service as audience
from mediaops_insights.rollups import service as rollups
from mediaops_insights.snapshots import service as snapshots
from mediaops_insights.stream import service as stream

__all__ = ["FAST", "GROUP"]

GROUP = "insights.fast"
"""The group's name in tables: whose watermarks grade the numbers."""

MAX_RECORDS = 8_000
"""In a larger batch more events fall into the same cells, and each cell is one row to write."""


@dataclass(frozen=True)
class Prepared:
    """What a batch adds, as far as no database is needed to say it."""

    sheet: rollups.Sheet
    acts: audience.Acts


def prepare(batch: Batch) -> Prepared:
    return Prepared(rollups.sheet_of(batch), audience.acts_of(batch.events))


async def apply(session: AsyncSession, batch: Batch) -> None:
    prepared: Prepared = batch.prepared or prepare(batch)
    generation = batch.projection.generation
    await rollups.count(session, prepared.sheet, generation)
    await audience.mark(session, prepared.acts, generation)
    await snapshots.apply(session, batch.snapshots, generation)
    if batch.projection.is_live:
        await stream.mark_changed(session, prepared.sheet, batch.now)


FAST = ConsumerGroup(
    name="fast",
    topics=(Topic.activity, Topic.snapshot),
    apply=apply,
    prepare=prepare,
    is_projection=True,
    max_records=MAX_RECORDS,
)
