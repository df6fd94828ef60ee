"""A real `mediaops up`, or a `mediaops serve` for each service, spoken to over HTTP as users do."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from mediaops_common.keys import make_keys
from mediaops_common.settings import KeySettings, StoreSettings

from mediaops_bench.company import account
from mediaops_bench.place import SERVICES, a_place
from mediaops_bench.wire import Hook

__all__ = ["Installation", "installed"]

START_SECONDS = 120.0
WORKSPACE = "default"
"""The one that `mediaops up` makes at its first start."""


@dataclass(frozen=True)
class Process:
    """One of an installation's."""

    services: Sequence[str]
    port: int
    running: asyncio.subprocess.Process


class Installation:
    """Running processes over one data directory."""

    def __init__(self, data: Path, processes: Sequence[Process]) -> None:
        self.data, self.processes = data, processes
        self.ready_after = 0.0
        self.http = httpx.AsyncClient(timeout=30)
        self._tokens: dict[tuple[str, str], str] = {}

    @property
    def pids(self) -> list[int]:
        return [process.running.pid for process in self.processes]

    @property
    def port(self) -> int:
        """Where webhooks come in."""
        return self.processes[0].port

    def url(self, path: str) -> str:
        """Where that path is answered."""
        service = path.split("/")[1]
        port = next(process.port for process in self.processes if service in process.services)
        return f"http://127.0.0.1:{port}{path}"

    async def wait_until_ready(self) -> None:
        """Until every service says so."""
        begun = time.monotonic()
        while time.monotonic() - begun < START_SECONDS:
            for process in self.processes:
                if process.running.returncode is not None:
                    raise RuntimeError(f"mediaops ended with {process.running.returncode}")
            with contextlib.suppress(httpx.HTTPError):
                urls = [self.url(f"/{service}/health/ready") for service in SERVICES]
                answers = [await self.http.get(url) for url in urls]
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
        answer = await self.http.request(method, self.url(path), json=body, headers=headers)
        if answer.status_code >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    async def add_channel(self, number: int) -> Hook:
        """A channel with a source for signed webhooks."""
        channel = (await self.call("POST", "/ingest/v1/channels", account(number)))["id"]
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
async def installed(data: Path, *, is_split: bool = False) -> AsyncIterator[Installation]:
    """Starts it in a place of its own and waits until it is ready; it is asked to end at the end,
    then killed. One process of all services, or `is_split` into one of each service."""
    async with a_place(data) as store, AsyncExitStack() as ending:
        if is_split:
            make_keys(KeySettings(), data / "keys")
        processes: list[Process] = []
        for services in [(service,) for service in SERVICES] if is_split else [SERVICES]:
            processes.append(await _started(data, store, services))
            ending.push_async_callback(_end, processes[-1].running)
        installation = Installation(data, processes)
        ending.push_async_callback(installation.http.aclose)
        await installation.wait_until_ready()
        if is_split:
            body = {"slug": WORKSPACE, "name": "Default", "timezone": "Asia/Shanghai"}
            who = {"workspace": "*", "role": "operator"}
            await installation.call("POST", "/ingest/v1/workspaces", body, **who)
        yield installation


async def _started(data: Path, store: StoreSettings, services: Sequence[str]) -> Process:
    port = _free_port()
    chosen = {
        "MEDIAOPS_DATA": str(data),
        "MEDIAOPS_HTTP_PORT": str(port),
        "MEDIAOPS_DATABASE_URL": store.database_url,
        "MEDIAOPS_DATABASE_OWNER_URL": store.database_owner_url,
        "MEDIAOPS_BUS_URL": store.bus_url,
    }
    with data.with_suffix(".log").open("ab") as log:
        running = await asyncio.create_subprocess_exec(
            _mediaops(),
            *(("serve", *services) if len(services) == 1 else ("up",)),
            stdout=log,
            stderr=log,
            env={
                **os.environ,
                **{name: url for name, url in chosen.items() if url is not None},
                "MEDIAOPS_LOG_FORMAT": "json",
            },
            start_new_session=True,
        )
    return Process(services, port, running)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.wait(), 12)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
