"""Gentle traffic at the time it happens."""

import asyncio
import time
from dataclasses import replace
from random import Random

from mediaops_simulator.company.life import Company
from mediaops_simulator.plan.batches import sendings_of
from mediaops_simulator.system.sender import Sender

__all__ = ["live_traffic"]

_VISITS_A_SECOND = 1.2


async def live_traffic(
    sender: Sender, company: Company, rng: Random, *, seconds: float | None = None
) -> None:
    """Somebody comes every now and then; without `seconds`, for ever."""
    begun = time.monotonic()
    while seconds is None or time.monotonic() - begun < seconds:
        await asyncio.sleep(rng.expovariate(_VISITS_A_SECOND))
        now = sender.clock.now()
        day = (now.astimezone(company.zone).date() - company.first_day).days
        sendings = sendings_of(company.moment(rng, day, int(now.timestamp())))
        if rng.random() < 0.02:
            sendings += [replace(each, attempt=2) for each in sendings]
        await sender.send(sendings)
