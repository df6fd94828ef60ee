"""What deliveries gave and what the present mapping makes of them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from mediaops_common.db import Database
from mediaops_common.events import Activity

from mediaops_ingest.archive.portions import portions_of
from mediaops_ingest.archive.standing import decoded, fold
from mediaops_ingest.deliveries.models import Delivery
from mediaops_ingest.normaliser import repository as normaliser_repository
from mediaops_ingest.normaliser.ledger import KnownKey
from mediaops_ingest.normaliser.reading import ACTIVITY, ReadDelivery, ReadItem, read_delivery
from mediaops_ingest.normaliser.source_book import SourceBook
from mediaops_ingest.replays.diff import Change, Diff, Standing, difference
from mediaops_ingest.replays.slices import Slice

__all__ = ["ComparedDelivery", "Turn", "compare"]

Turn = Callable[[], Awaitable[None]]
"""What is due between two portions of the archive: a holder keeps its leases."""


@dataclass
class ComparedDelivery:
    """One delivery as it stands and as the present mapping reads it.

    Only the delivery that owns a key speaks for it: repeats and conflicts stay what they are, and
    acts of an earlier owner that it gives no more are taken back. What cannot be read now says
    nothing against what was read then.
    """

    row: Delivery
    read: ReadDelivery
    known: Mapping[bytes, KnownKey]
    diffs: list[tuple[ReadItem, Diff]] = field(default_factory=list)
    mended: list[ReadItem] = field(default_factory=list)
    """Items that had failed and can be read now: they are decided as if they had just come."""
    failing: list[ReadItem] = field(default_factory=list)
    unmapped: int = 0

    @property
    def unreadable_items(self) -> int:
        """A delivery that cannot be split is one item."""
        return len(self.failing) or int(self.read.unreadable is not None)

    @property
    def was_unreadable(self) -> bool:
        """It counted as one failed item, whatever was in it."""
        return self.row.failed == 1 and self.row.received - self.row.rejected == 1


async def compare(
    database: Database, book: SourceBook, part: Slice, turn: Turn
) -> list[ComparedDelivery]:
    """Reads deliveries of one source again and compares; those whose raw bytes are gone are left
    out."""
    if not part.logged:
        return []
    source = await book.source(part.rows[0].source_id)
    reads = await asyncio.to_thread(lambda: [read_delivery(one, source) for one in part.logged])
    rows = {row.id: row for row in part.rows}
    keys = {item.key for read in reads for item in read.items}
    async with database.read() as session:
        known = await normaliser_repository.known_keys(session, keys)
    standing: dict[UUID, Standing] = {}
    wanted = {chunk for read in reads for chunk in rows[read.delivery.id].chunks}
    async for chunks in portions_of(database, part.rows[0].shard, wanted):
        await asyncio.to_thread(_fold_own, standing, chunks, rows)
        await turn()
    return await asyncio.to_thread(_compare_all, rows, reads, known, standing)


def _fold_own(
    standing: dict[UUID, Standing], chunks: Sequence[object], rows: Mapping[UUID, Delivery]
) -> None:
    """Only what these deliveries gave is kept; what others say of it is heard all the same."""
    fold(standing, decoded(chunks))
    for event_id in [one for one, event in standing.items() if event.delivery_id not in rows]:
        del standing[event_id]


def _compare_all(
    rows: Mapping[UUID, Delivery],
    reads: Sequence[ReadDelivery],
    known: Mapping[bytes, KnownKey],
    standing: Mapping[UUID, Standing],
) -> list[ComparedDelivery]:
    given: dict[tuple[UUID, int], list[Standing]] = {}
    for event in standing.values():
        given.setdefault((event.delivery_id, event.item), []).append(event)
    return [_compare_one(rows[read.delivery.id], read, known, given) for read in reads]


def _compare_one(
    row: Delivery,
    read: ReadDelivery,
    known: Mapping[bytes, KnownKey],
    given: Mapping[tuple[UUID, int], list[Standing]],
) -> ComparedDelivery:
    one = ComparedDelivery(row, read, known)
    if read.unreadable is not None:
        one.unmapped = row.unmapped
    failed = {note[0] for note in row.notes if note[1] == "failed"}
    for item in read.items:
        old = given.get((row.id, item.index), [])
        owner = known.get(item.key)
        is_owner = owner is not None and (owner.seq, owner.item) == (row.seq, item.index)
        if item.failure is not None:
            one.failing.append(item)
            one.unmapped += is_owner and not old
        elif is_owner:
            one.diffs.append((item, difference(old, item.outputs)))
            one.unmapped += item.unmapped
        elif one.was_unreadable or item.index in failed:
            one.mended.append(item)
        elif acts := [event for event in old if isinstance(event, Activity)]:
            # Read as acts once, and as a report by the time it was corrected: that has the key.
            still = [output for output in item.outputs if output.topic == ACTIVITY]
            gone = [change.old for change in difference(acts, still).changes if change.old]
            one.diffs.append((item, Diff(changes=[Change(act, None) for act in gone])))
    return one
