"""The fast group: what every batch of activities and snapshots does to the numbers."""

from dataclasses import dataclass

from mediaops_common.consumer import Batch, ConsumerGroup
from mediaops_common.events import Topic
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.audience import service as audience
from mediaops_insights.names import service as names
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
    contents: names.Contents


def prepare(batch: Batch) -> Prepared:
    sheet = rollups.sheet_of(batch)
    contents = rollups.contents_of(sheet)
    for place, external_ids in snapshots.contents_of(batch.snapshots).items():
        contents.setdefault(place, []).extend(external_ids)
    return Prepared(sheet, audience.acts_of(batch.events), contents)


async def apply(session: AsyncSession, batch: Batch) -> None:
    prepared: Prepared = batch.prepared or prepare(batch)
    generation = batch.projection.generation
    # All at once and before anything is counted: who gives a content its number keeps it from other
    # batches until the end, and two that did so in parts could wait for each other in a circle.
    contents = await names.number_contents(session, prepared.contents)
    await rollups.count(session, prepared.sheet, contents, generation)
    await audience.mark(session, prepared.acts, generation)
    await snapshots.apply(session, batch.snapshots, batch.snapshot_numbers, generation)
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
