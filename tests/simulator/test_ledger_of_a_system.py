"""The ledger against a real system: nothing to complain of, until something is planted."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from mediaops_common.cli.options import settings_for
from mediaops_simulator.check.lag import wait_until_settled
from mediaops_simulator.command import open_api
from mediaops_simulator.system.api import Api
from mediaops_simulator.system.company import make_workspace

from tests.ledger import Ledger, Violation, check, mark, observe
from tests.simulator.conftest import System

pytestmark = pytest.mark.slow

ACTORS, ACTS = 5, 30


async def a_channel(api: Api) -> str:
    body = {"platform": "generic", "external_id": "one", "name": "One", "owner_kind": "individual"}
    return str((await api.post("/ingest/v1/channels", body))["id"])


def an_activity(channel: str, event: str, actor: str, seq: int) -> dict[str, Any]:
    return {
        "channel_id": channel,
        "dedup_key": event,
        "type": "view.recorded",
        "actor": {"external_id": actor},
        "occurred_at": datetime.now(UTC).isoformat(),
        "context": mark(event, seq),
    }


async def drive(api: Api, ledger: Ledger, workspace: str) -> None:
    """Several actors at once, each of them in order, every fifth request sent twice."""
    channel = await a_channel(api)

    async def act(actor: str) -> None:
        for seq in range(1, ACTS + 1):
            event = f"{workspace}-{actor}-{seq}"
            ledger.sending(event, workspace=workspace, key=f"{workspace}-{actor}", seq=seq)
            for _ in range(1 + (seq % 5 == 0)):
                body = [an_activity(channel, event, actor, seq)]
                await api.post("/ingest/v1/activities", body)
            ledger.answered(event, "ok", 202)

    await asyncio.gather(*(act(f"actor-{n}") for n in range(ACTORS)))


async def complaints(
    ledger: Ledger, clients: dict[str, httpx.AsyncClient], operator: Api
) -> list[Violation]:
    today = datetime.now(UTC).date()
    days = (str(today - timedelta(days=1)), str(today + timedelta(days=1)))
    return check(ledger.entries(), await observe(clients, operator.client, days))


async def test_two_workspaces_lose_repeat_swap_and_leak_nothing(system: System, tmp_path: Path):
    settings = settings_for(system.data)
    ledger = Ledger(tmp_path / "ledger.jsonl")
    async with open_api(system.url, settings, "*", "operator") as operator:
        clients: dict[str, httpx.AsyncClient] = {}
        apis = {slug: open_api(system.url, settings, slug, "owner") for slug in ("led-a", "led-b")}
        for slug, api in apis.items():
            await make_workspace(operator, slug, slug, "UTC")
            clients[slug] = api.client
        await asyncio.gather(*(drive(api, ledger, slug) for slug, api in apis.items()))
        for api in apis.values():
            await wait_until_settled(api, datetime.now(UTC))
        assert await complaints(ledger, clients, operator) == []

        # A lie of the ledger is a loss, and a look with the wrong token is a leak.
        ledger.sending("led-a-lost", workspace="led-a", key="x", seq=1)
        ledger.answered("led-a-lost", "ok")
        lost = await complaints(ledger, clients, operator)
        assert [violation.kind for violation in lost] == ["lost"]
        clients["led-b"] = clients["led-a"]
        assert "leaked" in {v.kind for v in await complaints(ledger, clients, operator)}
        for api in apis.values():
            await api.client.aclose()
