"""A real `mediaops up` as a child process, spoken to over HTTP as its users do."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from mediaops_common.settings import StoreSettings

from mediaops_bench.place import SERVICES, a_place
from mediaops_bench.wire import Hook

__all__ = ["Installation", "installed"]

START_SECONDS = 120.0
WORKSPACE = "default"
"""The one that the first start makes."""


class Installation:
    """A running process over one data directory."""

    def __init__(self, data: Path, port: int, process: asyncio.subprocess.Process) -> None:
        self.data, self.port, self.process = data, port, process
        self.ready_after = 0.0
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30)
        self._tokens: dict[tuple[str, str], str] = {}

    @property
    def pid(self) -> int:
        return self.process.pid

    async def wait_until_ready(self) -> None:
        """Until every service says so."""
        begun = time.monotonic()
        while time.monotonic() - begun < START_SECONDS:
            if self.process.returncode is not None:
                raise RuntimeError(f"mediaops up ended with {self.process.returncode}")
            with contextlib.suppress(httpx.HTTPError):
                paths = [f"/{service}/health/ready" for service in SERVICES]
                answers = [await self.http.get(path) for path in paths]
                if all(answer.status_code == 200 for answer in answers):
                    self.ready_after = time.monotonic() - begun
                    return
            await asyncio.sleep(0.02)
        raise RuntimeError(f"mediaops up was not ready within {START_SECONDS:.0f} s")

    async def token(self, workspace: str = WORKSPACE, role: str = "owner") -> str:
        """Made as users make theirs; it works beside the running process."""
        if (workspace, role) not in self._tokens:
            arguments = ["token", "create", "--data", str(self.data)]
            arguments += ["--workspace", workspace, "--role", role]
            process = await asyncio.create_subprocess_exec(
                _mediaops(), *arguments, stdout=asyncio.subprocess.PIPE
            )
            told, _ = await process.communicate()
            self._tokens[workspace, role] = told.decode().split()[-1]
        return self._tokens[workspace, role]

    async def call(self, method: str, path: str, body: Any = None, **who: str) -> Any:
        """The JSON of one request that must succeed."""
        headers = {"Authorization": f"Bearer {await self.token(**who)}"}
        answer = await self.http.request(method, path, json=body, headers=headers)
        if answer.status_code >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    async def add_channel(self, number: int) -> Hook:
        """A channel with a source for signed webhooks."""
        body = {
            "platform": "site",
            "external_id": f"{number}-{uuid4().hex}",
            "name": f"Account {number}",
            "owner_kind": "organisation",
        }
        channel = (await self.call("POST", "/ingest/v1/channels", body))["id"]
        body = {"channel_id": channel, "adapter": "standard-webhooks"}
        source = await self.call("POST", "/ingest/v1/sources", body)
        path = "/" + source["hook_url"].split("/", 3)[3]
        return Hook(path, source["secrets"]["secret"], channel, source["id"])

    async def audit(self) -> Any:
        """What `mediaops audit` compares."""
        who = {"workspace": "*", "role": "operator"}
        reports = [
            await self.call("GET", f"/{s}/v1/admin/audit", **who) for s in ("crm", "insights")
        ]
        groups = [group for report in reports for group in report["groups"]]
        return await self.call("POST", "/ingest/v1/admin/audit", {"groups": groups}, **who)

    async def settle(self, seconds: float) -> float:
        """Waits until nothing is pending or under way anywhere; returns how long that took."""
        begun, quiet, lags = time.monotonic(), 0, []
        while time.monotonic() - begun < seconds:
            who = {"workspace": "*", "role": "operator"}
            lags = [
                await self.call("GET", f"/{service}/v1/admin/lag", **who)
                for service in ("ingest", "crm", "insights")
            ]
            waiting = sum(lag["in_flight"] + lag["pending"] + lag["stalls"] for lag in lags)
            quiet = quiet + 1 if waiting == 0 else 0
            if quiet == 3:
                return time.monotonic() - begun
            await asyncio.sleep(0.2)
        raise RuntimeError(f"still waiting after {seconds:.0f} s: {lags}")


def _mediaops() -> str:
    return str(Path(sys.executable).parent / "mediaops")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@asynccontextmanager
async def installed(data: Path) -> AsyncIterator[Installation]:
    """Starts it in a place of its own and waits until it is ready; it is asked to end at the end,
    then killed."""
    async with a_place(data) as store, _started(data, store) as installation:
        yield installation


@asynccontextmanager
async def _started(data: Path, store: StoreSettings) -> AsyncIterator[Installation]:
    port = _free_port()
    chosen = {
        "MEDIAOPS_DATABASE_URL": store.database_url,
        "MEDIAOPS_DATABASE_OWNER_URL": store.database_owner_url,
        "MEDIAOPS_BUS_URL": store.bus_url,
    }
    log = data.with_suffix(".log").open("ab")
    process = await asyncio.create_subprocess_exec(
        _mediaops(),
        *("up", "--data", str(data), "--port", str(port)),
        stdout=log,
        stderr=log,
        env={
            **os.environ,
            **{name: url for name, url in chosen.items() if url is not None},
            "MEDIAOPS_LOG_FORMAT": "json",
        },
        start_new_session=True,
    )
    installation = Installation(data, port, process)
    try:
        await installation.wait_until_ready()
        yield installation
    finally:
        await installation.http.aclose()
        await _end(process)
        log.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.wait(), 12)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
