"""The shop's mapping is put right, and what it had read wrongly is read again."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mediaops_common.clock import Clock

from mediaops_simulator.check.lag import wait_until_read
from mediaops_simulator.company.cast import SHOP
from mediaops_simulator.system.api import Api
from mediaops_simulator.system.company import Workplace
from mediaops_simulator.system.mappings import MENDED

__all__ = ["Mended", "mend"]

_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Mended:
    """What the replay said that it would do, and what it did."""

    preview: dict[str, Any] | None
    done: dict[str, Any]
    at: datetime
    """What was received before was read under the old mapping."""


async def mend(api: Api, workplace: Workplace, clock: Clock, *, looks_first: bool = True) -> Mended:
    """Patches the mapping, looks at the preview, replays, and waits until it is done.

    Everything sent before is read under the old mapping first, so that the difference is known.
    """
    await wait_until_read(api)
    source = workplace.connections[SHOP.key].source_id
    at = clock.now()
    path = f"/ingest/v1/sources/{source}"
    await api.patch(path, {"mapping": MENDED}, etag=await api.etag(path))
    asked = {"source_id": source}
    preview = None
    if looks_first:
        preview = await api.post("/ingest/v1/deliveries/replay", {**asked, "preview": True})
    begun = await api.post("/ingest/v1/deliveries/replay", {**asked, "preview": False})
    return Mended(preview, await _finished(api, begun["replay_id"]), at)


async def _finished(api: Api, replay: str) -> dict[str, Any]:
    for _ in range(_SECONDS * 4):
        state: dict[str, Any] = await api.get(f"/ingest/v1/deliveries/replays/{replay}")
        if state["state"] == "done":
            return state
        if state["state"] == "failed":
            raise RuntimeError(f"the replay failed: {state}")
        await asyncio.sleep(0.25)
    raise TimeoutError(f"the replay was not done after {_SECONDS} s")
