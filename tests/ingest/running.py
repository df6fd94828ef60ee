"""A running ingest on a database of its own, with tokens and clients for it."""

import asyncio
import base64
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from mediaops_common.auth import issue_token
from mediaops_common.clock import FrozenClock
from mediaops_common.http.app import build_app, build_directs
from mediaops_common.http.server import serve
from mediaops_common.keys import open_private_key
from mediaops_common.service import Runtime
from mediaops_common.settings import HttpSettings
from mediaops_ingest.main import INGEST
from starlette.types import ASGIApp

from tests.databases import SQLITE, Backend
from tests.runtimes import a_runtime

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Ingest:
    """The service with its app, its clock, tokens for it and shortcuts to what tests need."""

    def __init__(self, runtime: Runtime, app: ASGIApp, clock: FrozenClock) -> None:
        self.runtime, self.app, self.clock = runtime, app, clock
        self.private = open_private_key(runtime.common.keys, runtime.data_dir / "keys")

    @property
    def log(self) -> Any:
        return self.runtime.state["delivery_log"]

    def bearer(self, workspace: str = "acme", role: str = "owner", **more: Any) -> dict[str, str]:
        more.setdefault("lifetime", timedelta(hours=1))
        token = issue_token(
            self.private,
            self.runtime.common.keys,
            self.clock.now(),
            workspace=workspace,
            role=role,
            **more,
        )
        return {"Authorization": f"Bearer {token}"}

    def client(self, **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://ingest", headers=headers)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: str = "owner",
        workspace: str = "acme",
        headers: dict[str, str] | None = None,
        sources: Any = (),
        params: dict[str, Any] | None = None,
    ) -> httpx.Response:
        """One request as staff; `body` goes as JSON, bytes as they are."""
        sent: dict[str, Any] = {} if params is None else {"params": params}
        if isinstance(body, bytes):
            sent["content"] = body
        elif body is not None:
            sent["json"] = body
        given = self.bearer(workspace, role, sources=sources) | (headers or {})
        async with self.client() as client:
            return await client.request(method, f"/ingest/v1{path}", headers=given, **sent)

    async def add_workspace(self, slug: str, timezone: str = "Asia/Shanghai") -> dict[str, Any]:
        body = {"slug": slug, "name": slug.title(), "timezone": timezone}
        answer = await self.call("POST", "/workspaces", body, workspace="*", role="operator")
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def add_channel(self, workspace: str = "acme", **changes: Any) -> dict[str, Any]:
        body = {
            "platform": "site",
            "external_id": uuid4().hex,
            "name": "Site",
            "owner_kind": "organisation",
        } | changes
        answer = await self.call("POST", "/channels", body, workspace=workspace)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def add_source(
        self, channel: dict[str, Any] | None = None, workspace: str = "acme", **changes: Any
    ) -> dict[str, Any]:
        channel = channel or await self.add_channel(workspace)
        body = {"channel_id": channel["id"], "adapter": "standard-webhooks"} | changes
        answer = await self.call("POST", "/sources", body, workspace=workspace)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def knock(
        self, source: dict[str, Any], method: str = "POST", **sent: Any
    ) -> httpx.Response:
        """One request at the source's hook URL."""
        path = source["hook_url"].removeprefix(self.runtime.public_url) + sent.pop("below", "")
        async with self.client() as client:
            return await client.request(method, path, **sent)

    async def knock_signed(
        self, source: dict[str, Any], body: bytes = b"{}", **changes: Any
    ) -> httpx.Response:
        headers = signed(source["secrets"]["secret"], body, self.clock.now(), **changes)
        return await self.knock(source, content=body, headers=headers)

    def forget(self, source: dict[str, Any]) -> None:
        """The door has to look it up, as after a restart."""
        key = source["hook_url"].rsplit("/")[-1]
        self.runtime.state["door_cache"].learn({key: None})

    async def logged(self) -> list[Any]:
        return await self.log.read(0, 10_000)


def signed(
    secret: str, body: bytes, now: datetime, *, id_: str = "msg_1", **headers: str
) -> dict[str, str]:
    """The headers of a Standard Webhook."""
    timestamp = str(int(now.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "content-type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    } | headers


def an_activity(channel: dict[str, Any] | str, **changes: Any) -> dict[str, Any]:
    channel_id = channel if isinstance(channel, str) else channel["id"]
    return {
        "type": "like.created",
        "channel_id": channel_id,
        "occurred_at": "2026-11-22T08:00:00Z",
        "actor": {"external_id": "u1"},
        "content": {"external_id": "c1"},
    } | changes


def body_of(delivery: Any) -> Any:
    return json.loads(delivery.body)


@asynccontextmanager
async def running(
    folder: Path,
    *,
    http: HttpSettings | None = None,
    clock: FrozenClock | None = None,
    backend: Backend = SQLITE,
) -> AsyncIterator[Ingest]:
    """Ingest with the workspace `acme`."""
    clock = clock or FrozenClock(NOW)
    async with a_runtime(folder, INGEST, clock, backend, http) as runtime:
        ingest = Ingest(runtime, build_app(INGEST, runtime), clock)
        await ingest.add_workspace("acme")
        yield ingest


@asynccontextmanager
async def serving(folder: Path, backend: Backend = SQLITE) -> AsyncIterator[Ingest]:
    """The same behind a real server on a free loopback port; `public_url` leads to it."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    async with running(folder, backend=backend) as ingest:
        common = ingest.runtime.common
        store = common.store.model_copy(update={"public_url": url})
        ingest.runtime.common = replace(common, store=store)
        stopping, ready = asyncio.Event(), asyncio.Event()
        server = asyncio.create_task(
            serve(
                ingest.app,
                common.http,
                sock,
                stopping=stopping,
                on_ready=ready.set,
                directs=build_directs([ingest.runtime]),
            )
        )
        await ready.wait()
        try:
            yield ingest
        finally:
            stopping.set()
            await server
