"""The shop's mapping is spoilt, put right later, and what was read wrongly is read again."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mediaops_common.clock import Clock

from mediaops_simulator.check.lag import wait_until_read
from mediaops_simulator.company.cast import SHOP
from mediaops_simulator.system.api import Api
from mediaops_simulator.system.company import Workplace
from mediaops_simulator.system.mappings import MISTAKEN, RIGHT

__all__ = ["Mended", "mend", "spoil"]

_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Mended:
    """What the replay said that it would do, and what it did."""

    preview: dict[str, Any] | None
    done: dict[str, Any]
    since: datetime | None
    at: datetime
    """What was received from `since` until then was read under the mistaken mapping."""


async def spoil(api: Api, workplace: Workplace, clock: Clock) -> datetime:
    """Somebody changes the mapping for the worse; returns when."""
    return await _change(api, workplace, clock, MISTAKEN)


async def mend(
    api: Api,
    workplace: Workplace,
    clock: Clock,
    since: datetime | None = None,
    *,
    looks_first: bool = True,
) -> Mended:
    """Puts the mapping right, looks at the preview, replays what was received from `since` on, and
    waits until that is done."""
    at = await _change(api, workplace, clock, RIGHT)
    asked = {"source_id": workplace.connections[SHOP.key].source_id}
    if since is not None:
        asked["from"] = since.isoformat()
    preview = None
    if looks_first:
        preview = await api.post("/ingest/v1/deliveries/replay", {**asked, "preview": True})
    begun = await api.post("/ingest/v1/deliveries/replay", {**asked, "preview": False})
    return Mended(preview, await _finished(api, begun["replay_id"]), since, at)


async def _change(
    api: Api, workplace: Workplace, clock: Clock, mapping: dict[str, Any]
) -> datetime:
    """Everything sent before is read under the old mapping, so that the difference is known."""
    await wait_until_read(api)
    at = clock.now()
    path = f"/ingest/v1/sources/{workplace.connections[SHOP.key].source_id}"
    await api.patch(path, {"mapping": mapping}, etag=await api.etag(path))
    return at


async def _finished(api: Api, replay: str) -> dict[str, Any]:
    for _ in range(_SECONDS * 4):
        state: dict[str, Any] = await api.get(f"/ingest/v1/deliveries/replays/{replay}")
        if state["state"] == "done":
            return state
        if state["state"] == "failed":
            raise RuntimeError(f"the replay failed: {state}")
        await asyncio.sleep(0.25)
    raise TimeoutError(f"the replay was not done after {_SECONDS} s")
