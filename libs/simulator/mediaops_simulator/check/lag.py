"""Waits until everything that was sent has taken effect everywhere."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from mediaops_simulator.system.api import Api

__all__ = ["StillBehind", "wait_until_read", "wait_until_settled"]

_CONSUMERS = ("crm", "insights")
_TELLING_SECONDS = 60
_CALM = 2
"""Looks in a row that must find nothing under way."""


class StillBehind(Exception):
    """The system did not catch up in time."""


async def wait_until_settled(api: Api, since: datetime, *, seconds: float = 600) -> float:
    """Until every service has applied what was received before `since`; returns how long it took.

    Either nothing at all is under way, or (where others send too) the common watermark has passed.
    What ingest's jobs tell of quality is waited for as well, but not for ever: whoever compares
    afterwards finds what is missing.
    """

    async def behind() -> int:
        ingest = await api.get("/ingest/v1/admin/lag")
        lags = [await api.get(f"/{service}/v1/admin/lag") for service in _CONSUMERS]
        if await _pending(api):
            return 1
        marks = [lag.get("watermark") for lag in lags]
        if all(mark is not None and datetime.fromisoformat(mark) >= since for mark in marks):
            return 0
        return sum(_under_way(lag) for lag in (ingest, *lags))

    took = await _wait(behind, seconds)
    with contextlib.suppress(StillBehind):
        took += await _wait(lambda: _untold(api), _TELLING_SECONDS)
    return took


async def wait_until_read(api: Api, *, seconds: float = 600) -> float:
    """Until ingest has read every delivery that it has accepted."""

    async def behind() -> int:
        return await _pending(api)

    return await _wait(behind, seconds)


async def _wait(behind: Callable[[], Awaitable[int]], seconds: float) -> float:
    begun = time.monotonic()
    calm = 0
    while True:
        left = await behind()
        calm = calm + 1 if left == 0 else 0
        if calm >= _CALM:
            return time.monotonic() - begun
        if time.monotonic() - begun > seconds:
            raise StillBehind(f"{left} still under way after {seconds:.0f} s")
        await asyncio.sleep(0.3)


def _under_way(lag: dict[str, Any]) -> int:
    return int(lag.get("in_flight", 0)) + int(lag.get("pending", 0))


async def _pending(api: Api) -> int:
    """Deliveries not yet split: each is one item, received and pending."""
    return sum(row["pending"] for row in (await api.get("/ingest/v1/quality"))["items"])


async def _untold(api: Api) -> int:
    """How far what insights was told of deliveries and repeats differs from ingest's own count."""
    rows = (await api.get("/ingest/v1/quality"))["items"]
    if not rows:
        return 0
    told = await api.get(
        "/insights/v1/metrics/query",
        metric=["deliveries", "duplicates"],
        granularity="day",
        **{"from": min(row["day"] for row in rows), "to": max(row["day"] for row in rows)},
    )
    counted = sum(row["deliveries"] + row["duplicates"] for row in rows)
    return int(abs(counted - sum(item["value"] for item in told["items"])))
