"""Folds delta bitmaps in the background, so that reading stays cheap."""

from mediaops_common.audience import CROWDED, compact, crowded
from mediaops_common.clock import monotonic
from mediaops_common.failpoints import hit
from mediaops_common.jobs import Job
from mediaops_common.service import Runtime

from mediaops_crm.database import AUDIENCE

CHUNK = 100
"""Bitmaps folded in one transaction, so that batches of activities get their turns in between."""

LAST_SETTLED = "activity.settled_at"


async def fold_deltas(runtime: Runtime) -> None:
    at_least = CROWDED
    if monotonic() - runtime.state.get(LAST_SETTLED, 0.0) >= runtime.settings.settle_seconds:
        # Everything: what is no longer written to ends as one bitmap.
        at_least = 1
        runtime.state[LAST_SETTLED] = monotonic()
    async with runtime.database.read() as session:
        # Each is folded once: more come while it runs, and a busy day would never let it end.
        left = len(await crowded(session, AUDIENCE, 20_000, at_least))
    while left > 0 and not runtime.stopping.is_set():
        async with runtime.database.write() as session:
            if not await compact(session, AUDIENCE, CHUNK, at_least):
                break
            hit("crm.compaction.in_transaction")
        left -= CHUNK


FOLD_DELTAS = Job("activity.fold", every_seconds=2, run=fold_deltas)
