"""After the faults: nothing acknowledged is lost, nothing counts twice, every number agrees."""

import asyncio
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.faults.driver import WORKSPACES
from tests.ledger import Ledger, check, observe
from tests.system.running import System

HEALED_WITHIN = 300.0
"""Seconds from the last event to the moment when everything has taken effect."""


def prove(system: System, ledger: Ledger) -> None:
    """Waits until all has drained, then checks the ledger, the audit and the people."""
    started = time.monotonic()
    system.settle()
    took = time.monotonic() - started
    print(f"everything had taken effect {took:.1f} s after the last event")
    assert took <= HEALED_WITHIN
    today = datetime.now(UTC).date()
    days = (str(today - timedelta(days=2)), str(today + timedelta(days=1)))
    observed = asyncio.run(_observe(system, days))
    violations = check(ledger.entries(), observed)
    assert not violations, violations[:20]
    assert len(observed.stored) > 0
    audit = system.audit()
    assert audit["residual"] == 0, [item for item in audit["items"] if item["residual"]]
    assert (audit["in_flight"], audit["parked"]) == (0, 0)
    for workspace in WORKSPACES:
        _compare_people(system, workspace, days)


async def _observe(system: System, days: tuple[str, str]) -> Any:
    async with AsyncExitStack() as stack:

        async def client(workspace: str, role: str = "owner") -> httpx.AsyncClient:
            bearer = {"Authorization": f"Bearer {system.token(workspace, role)}"}
            made = system.async_client(timeout=30, headers=bearer)
            return await stack.enter_async_context(made)

        clients = {slug: await client(slug) for slug in WORKSPACES}
        return await observe(clients, await client("*", "operator"), days)


def _compare_people(system: System, workspace: str, days: tuple[str, str]) -> None:
    """The audience by the bitmaps is the audience by the archive."""
    by_day: dict[str, set[str]] = defaultdict(set)
    for event in system.events(workspace):
        moment = datetime.fromisoformat(event["occurred_at"]) + timedelta(hours=8)  # no DST there
        if days[0] <= str(moment.date()) <= days[1]:
            by_day[str(moment.date())].add(event["actor"]["external_id"])
    answer = system.ask(
        "/crm/v1/stickiness", workspace=workspace, params={"from": days[0], "to": days[1]}
    )
    shown = {row["day"]: row["dau"] for row in answer["items"] if row["dau"]}
    assert shown == {day: len(actors) for day, actors in by_day.items()}
