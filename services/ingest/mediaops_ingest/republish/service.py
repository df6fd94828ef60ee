"""Publishing again: the relay itself goes back, never a second publisher beside it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog
from mediaops_common.events import LaneStalled
from mediaops_common.lease import raise_fence
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.archive.chunks import PRODUCER, TOPICS
from mediaops_ingest.normaliser.shards import lease_name
from mediaops_ingest.normaliser.worker import MARGIN
from mediaops_ingest.republish import repository

__all__ = ["go_back", "go_back_to", "received_since"]

log = structlog.get_logger(__name__)

FAR = 20_000
"""Chunks without a mark that are published again unasked. An archive may be older than its first
mark; further back an operator names the time."""

OVERLAP = 2 * MARGIN
"""So long before a moment a chunk must be through, for nothing that was received from then on to
lie in it or before it.

All of that was in the log when the newest delivery of the chunk's batch was. This one was stamped
no more than MARGIN before it was logged, and `through` is MARGIN before its stamp. A chunk of a
replay is through when it was made, later than its neighbours: it can only make a search end early,
and at the earliest where it lies itself, with what was made since then.
"""

Missing = dict[tuple[str, int], int]
"""(topic, slot) → the first number that somebody misses."""

Numbers = Mapping[str, Sequence[int]]
"""Topic → the newest number of each slot."""


async def go_back(session: AsyncSession, asks: Sequence[LaneStalled]) -> int:
    """Answers asks under the present fencing numbers; returns how many shards go back.

    A shard is searched once for all that is missing of it, and nothing is locked before all are
    found: meanwhile those who hold the shards go on.
    """
    fences = await repository.fences(session)
    wanted: defaultdict[int, Missing] = defaultdict(dict)
    for ask in asks:
        if ask.producer == PRODUCER and ask.topic in TOPICS and ask.fence == fences.get(ask.shard):
            lane, lanes = (ask.topic, ask.slot), wanted[ask.shard]
            lanes[lane] = min(ask.missing, lanes.get(lane, ask.missing))
    found = {}
    for shard, lanes in wanted.items():
        chunk = await _chunk_before(session, shard, lanes)
        if chunk is not None:
            found[shard] = chunk
    if not found:
        return 0
    present = await repository.fences(session, locking=True)
    unchanged = [shard for shard in found if present[shard] == fences[shard]]
    for shard in unchanged:
        await repository.set_published(session, shard, found[shard])
        await raise_fence(session, lease_name(shard))
    return len(unchanged)


async def _chunk_before(session: AsyncSession, shard: int, lanes: Missing) -> int | None:
    """A chunk behind which lies all that is missing and found, as near as marks tell; None where
    nothing is. A little too early does no harm: consumers skip what they have."""
    given = await repository.numbers_given(session, shard)
    published = await repository.published(session, shard)
    marks = await repository.marks(session, shard, published)
    lowest: Numbers = {}
    if (marks[0] if marks else published) > FAR:
        lowest = await repository.numbers_behind(session, shard, marks[0]) if marks else given
    found = {
        lane: n for lane, n in lanes.items() if _number(lowest, lane) < n <= _number(given, lane)
    }
    if len(found) < len(lanes):
        log.error("asked_for_what_is_not_found", shard=shard, lanes=len(lanes) - len(found))
    if not found:
        return None
    low, high = 0, len(marks)
    while low < high:
        middle = (low + high) // 2
        numbers = await repository.numbers_behind(session, shard, marks[middle])
        if any(_number(numbers, lane) >= n for lane, n in found.items()):
            high = middle
        else:
            low = middle + 1
    return marks[low - 1] if low else 0


def _number(numbers: Numbers, lane: tuple[str, int]) -> int:
    topic, slot = lane
    return numbers[topic][slot] if topic in numbers else 0


async def received_since(session: AsyncSession, since: datetime) -> dict[int, int]:
    """Shard → the chunk behind which lies all that was received from then on; without those that
    have nothing of it. A little too early does no harm: consumers skip what they have."""
    found = {}
    for shard, last in (await repository.last_chunks(session)).items():
        chunk = await _chunk_before_moment(session, shard, last, since - OVERLAP)
        if chunk < last:
            found[shard] = chunk
    return found


async def _chunk_before_moment(
    session: AsyncSession, shard: int, last: int, moment: datetime
) -> int:
    """A chunk that is through before the moment, or 0, while the one behind it is not: found by
    halving, although `through` may fall now and then, see OVERLAP."""
    low, high = 0, last
    while low < high:
        middle = (low + high + 1) // 2
        through = await repository.through(session, shard, middle)
        if through is not None and through < moment:
            low = middle
        else:
            high = middle - 1
    return low


async def go_back_to(session: AsyncSession, found: Mapping[int, int]) -> int:
    """`republish --since`: these shards go back to behind these chunks. Returns how many they are.

    The fence is raised even where the cursor does not change, and whoever holds the shard by now:
    an archive only grows, so what was found before it was taken over is still there.
    """
    if not found:
        return 0
    # Leases first, all at once and in the order in which their holders lock them.
    await repository.fences(session, locking=True)
    for shard, chunk in found.items():
        await raise_fence(session, lease_name(shard))
        await repository.set_published(session, shard, chunk)
    return len(found)
