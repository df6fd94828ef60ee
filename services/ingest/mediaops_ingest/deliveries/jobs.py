"""Forgets outcomes and dedup keys after 400 days: longer than any sender repeats."""

import asyncio
from datetime import timedelta

from mediaops_common.failpoints import hit
from mediaops_common.jobs import Job
from mediaops_common.service import Runtime

from mediaops_ingest.deliveries import service
from mediaops_ingest.delivery_log.days import first_seq, utc_day

__all__ = ["FORGET_OUTCOMES", "KEPT_DAYS"]

KEPT_DAYS = 400
SLICE = 2_000


async def forget_outcomes(runtime: Runtime) -> None:
    """Removes what is older in small transactions. The archive and the counters stay."""
    seq = first_seq(utc_day(runtime.clock.now() - timedelta(days=KEPT_DAYS)))
    while True:
        async with runtime.database.write() as session:
            removed = await service.forget_deliveries(session, seq, limit=SLICE)
            hit("retention.in_transaction")
        if not removed:
            break
        await asyncio.sleep(0)
    after: bytes | None = b""
    while after is not None:
        async with runtime.database.write() as session:
            after = await service.forget_keys(session, seq, after, limit=SLICE)
        await asyncio.sleep(0)


FORGET_OUTCOMES = Job("forget-outcomes", every_seconds=86_400, run=forget_outcomes)
