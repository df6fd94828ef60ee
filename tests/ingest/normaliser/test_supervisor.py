"""The shards' worker: what stops it is told by readiness, and it goes on by itself."""

import asyncio

from mediaops_ingest.normaliser import supervisor
from mediaops_ingest.normaliser.worker import Normaliser


async def normaliser_check(ingest) -> dict:
    async with ingest.client() as client:
        checks = (await client.get("/ingest/health/ready")).json()["checks"]
    return next((check for check in checks if check["name"] == "normaliser"), {"ok": None})


async def until(ingest, is_ok: bool) -> dict:
    while True:
        check = await normaliser_check(ingest)
        if check["ok"] is is_ok:
            return check
        await asyncio.sleep(0.05)


async def test_shards_that_fail_turn_readiness_red_until_they_go_on(ingest, monkeypatch) -> None:
    async def fail(self):
        raise OSError("disk full")

    ingest.runtime.state["owner"] = "tests"
    stopping = asyncio.Event()
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 0.2)
    with monkeypatch.context() as broken:
        broken.setattr(Normaliser, "step", fail)
        worker = asyncio.create_task(supervisor.run_shards(ingest.runtime, stopping))
        check = await until(ingest, False)
    assert "OSError" in check["reason"]
    await until(ingest, True)
    stopping.set()
    await worker
