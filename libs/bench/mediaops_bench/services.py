"""A service opened in a folder of its own, spoken to without a network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from mediaops_common.auth import issue_token
from mediaops_common.bus.open import open_bus
from mediaops_common.clock import Clock, SystemClock
from mediaops_common.http.app import build_app
from mediaops_common.keys import make_keys, open_keys, open_private_key
from mediaops_common.service import Runtime, Service, close_runtime, open_runtime
from mediaops_common.settings import Settings
from starlette.types import ASGIApp

from mediaops_bench.company import account
from mediaops_bench.place import a_place
from mediaops_bench.wire import Hook

__all__ = ["WORKSPACE", "ZONE", "Opened", "opened"]

WORKSPACE = "bench"
ZONE = "Asia/Shanghai"
PARTNER = {"adapter": "standard-webhooks"}
"""The source of a channel that nothing else is said of: signed, with a secret of its own."""


@dataclass(frozen=True)
class Opened:
    """A service without its workers: they are called by hand, where a measurement wants them."""

    runtime: Runtime
    app: ASGIApp

    def token(self, workspace: str = WORKSPACE, role: str = "owner") -> str:
        common = self.runtime.common
        return issue_token(
            open_private_key(common.keys, self.runtime.data_dir / "keys"),
            common.keys,
            self.runtime.clock.now(),
            workspace=workspace,
            role=role,
            lifetime=timedelta(days=1),
            subject="bench",
        )

    async def call(self, method: str, path: str, body: Any = None, **who: str) -> Any:
        """The JSON of one request that must succeed."""
        headers = {"Authorization": f"Bearer {self.token(**who)}"}
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            answer = await client.request(method, path, json=body, headers=headers)
        if answer.status_code >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    async def add_company(self, channels: int) -> list[Hook]:
        """The workspace with its channels, each with a source for signed webhooks."""
        body = {"slug": WORKSPACE, "name": "Bench", "timezone": ZONE}
        await self.call("POST", "/ingest/v1/workspaces", body, workspace="*", role="operator")
        return [await self.add_channel(number, PARTNER) for number in range(channels)]

    async def add_channel(self, number: int, source: dict[str, Any]) -> Hook:
        """A channel with a source; `source` is the body with which it is made."""
        channel = (await self.call("POST", "/ingest/v1/channels", account(number)))["id"]
        body = {"channel_id": channel, **source}
        made = await self.call("POST", "/ingest/v1/sources", body)
        path = made["hook_url"].removeprefix(self.runtime.public_url)
        return Hook(path, made["secrets"].get("secret", ""), channel, made["id"])


@asynccontextmanager
async def opened(
    service: Service, folder: Path, *, clock: Clock | None = None
) -> AsyncIterator[Opened]:
    """Opens it with fresh keys, databases and a bus without records."""
    async with a_place(folder, [service.name]) as store:
        common = Settings(store=store)
        make_keys(common.keys, folder / "keys")
        bus = await open_bus(store.bus_url or f"sqlite:///{folder}/bus.db", common.bus)
        runtime = await open_runtime(
            service,
            bus=bus,
            clock=clock or SystemClock(),
            keys=open_keys(common.keys, folder / "keys"),
            common=common,
        )
        try:
            yield Opened(runtime, build_app(service, runtime))
        finally:
            await close_runtime(runtime)
            await bus.close()
