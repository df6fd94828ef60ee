"""Publishing again: the relay itself goes back, never a second publisher beside it."""

from datetime import datetime

import structlog
from mediaops_common.events import LaneStalled
from mediaops_common.ids import SHARDS
from mediaops_common.lease import raise_fence
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.archive.chunks import PRODUCER, TOPICS, unpack_chunk
from mediaops_ingest.normaliser.shards import lease_name
from mediaops_ingest.normaliser.worker import MARGIN
from mediaops_ingest.republish import repository

__all__ = ["go_back", "go_back_to"]

log = structlog.get_logger(__name__)

LOOK_BACK = 20_000
"""So many chunks are searched for a missing number; further back an operator names the time."""


async def go_back(session: AsyncSession, ask: LaneStalled) -> bool:
    """Answers an ask under the present fencing number; returns whether the relay goes back."""
    if ask.producer != PRODUCER or ask.topic not in TOPICS:
        return False
    if await repository.fence_of(session, lease_name(ask.shard)) != ask.fence:
        return False
    topic = TOPICS.index(ask.topic)
    chunk = await repository.published(session, ask.shard)
    searched = 0
    while chunk > 0 and searched < LOOK_BACK:
        rows = await repository.chunks_before(session, ask.shard, chunk, limit=200)
        if not rows:
            break
        for row in rows:
            for *place, _, _ in unpack_chunk(row.records):
                if place == [topic, ask.slot, ask.missing]:
                    await repository.set_published(session, ask.shard, row.chunk - 1)
                    await raise_fence(session, lease_name(ask.shard))
                    return True
        searched += len(rows)
        chunk = rows[-1].chunk - 1
    log.error("asked_for_what_is_not_found", shard=ask.shard, slot=ask.slot, seq=ask.missing)
    return False


async def go_back_to(session: AsyncSession, since: datetime) -> int:
    """`republish --since`: every shard goes back to what was received then. Returns how many
    shards went back. The fence is raised even where the cursor does not change."""
    firsts: dict[int, int] = {}
    # All are looked for before the first is locked: nobody waits while a long archive is read.
    for shard in range(SHARDS):
        # A chunk says up to when all was normalised before it: a little earlier than what is in it.
        chunk = await repository.first_chunk_since(session, shard, since - MARGIN)
        if chunk is not None:
            firsts[shard] = chunk
    for shard in sorted(firsts, key=lease_name):
        # Leases first and in the order in which their holder locks them.
        await raise_fence(session, lease_name(shard))
        await repository.set_published(session, shard, firsts[shard] - 1)
    return len(firsts)
