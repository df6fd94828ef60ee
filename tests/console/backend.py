"""A small backend with canned answers of the documented shapes, over real HTTP on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import uvicorn
from mediaops_console.app import console_app
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from tests.console.answers import (
    ADAPTERS,
    METRICS,
    a_delivery,
    against_yesterday,
    compared,
    day,
    days,
    minutes,
    stickiness,
)

TOKEN = "a-token.of-the_tests"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Backend:
    """What the services would answer; tests change it while the page looks on."""

    def __init__(self) -> None:
        self.channels: list[dict[str, Any]] = []
        self.sources: list[dict[str, Any]] = []
        self.deliveries: list[dict[str, Any]] = []
        self.quality: list[dict[str, Any]] = []
        self.attention: list[dict[str, Any]] = []
        self.posts: list[tuple[str, Any, str | None]] = []
        self.resumed_from: asyncio.Queue[str | None] = asyncio.Queue()
        self.streams: list[asyncio.Queue[str | None]] = []
        self.problems: dict[str, tuple[int, dict[str, Any]]] = {}
        self.troubled: set[str] = set()
        self.secret = SECRET
        self.arrived: list[Any] = []
        self.told: dict[str, int] = {}
        self.may_answer = asyncio.Event()
        """Minutes that were asked for are held back, as they are, until it is set."""
        self.may_answer.set()
        self.is_silent = False
        self.address = ""

    @property
    def app(self) -> Starlette:
        routes = [
            Route("/{service}/health/ready", self._health),
            Route("/ingest/v1/me", self._me),
            Route("/ingest/v1/channels", self._channels, methods=["GET", "POST"]),
            Route("/ingest/v1/sources", self._sources, methods=["GET", "POST"]),
            Route("/ingest/v1/sources/{source_id}/send-test", self._send_test, methods=["POST"]),
            Route("/ingest/v1/adapters", self._items(lambda: ADAPTERS)),
            Route("/ingest/v1/deliveries", self._items(lambda: self.deliveries)),
            Route("/ingest/v1/quality", self._items(lambda: self.quality)),
            Route("/crm/v1/stickiness", self._items(stickiness)),
            Route("/ingest/v1/activities", self._activities, methods=["POST"]),
            Route("/ingest/hooks/{key}", self._hook, methods=["POST"]),
            Route("/insights/v1/overview", self._overview),
            Route("/insights/v1/metrics/query", self._query),
            Route("/insights/v1/stream", self._stream),
            Mount("/", console_app),
        ]
        return Starlette(routes=routes)

    def _refusal(self, request: Request) -> Response | None:
        path = request.url.path
        if self.is_silent:
            return Response("bad gateway", 502)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            body = {"type": "about:blank", "title": "A valid token is required", "status": 401}
            return JSONResponse(body, 401, media_type="application/problem+json")
        if path in self.problems:
            status, body = self.problems[path]
            return JSONResponse(body, status, media_type="application/problem+json")
        return None

    def _items(self, rows: Any) -> Any:
        async def answer(request: Request) -> Response:
            return self._refusal(request) or JSONResponse({"items": rows(), "next": None})

        return answer

    async def _health(self, request: Request) -> Response:
        service = request.path_params["service"]
        if self.is_silent:
            return Response("bad gateway", 502)
        ok = service not in self.troubled
        check = {"name": "bus", "ok": ok, "reason": "lane stalled", "repair": "republish"}
        body = {"service": service, "ok": ok, "checks": [check]}
        return JSONResponse(body, 200 if ok else 503)

    async def _me(self, request: Request) -> Response:
        body = {"workspace": "acme", "timezone": "Asia/Shanghai", "role": "owner", "scopes": []}
        return self._refusal(request) or JSONResponse(body)

    async def _channels(self, request: Request) -> Response:
        return await self._collection(request, self.channels, {})

    async def _sources(self, request: Request) -> Response:
        hook = f"{self.address}/ingest/hooks/{'k' * 32}"
        more = {"hook_url": hook, "secrets": {"secret": SECRET}, "enabled": True}
        return await self._collection(request, self.sources, more)

    async def _collection(
        self, request: Request, rows: list[dict[str, Any]], more: dict[str, Any]
    ) -> Response:
        if request.method == "POST":
            body = await request.json()
            self.posts.append((request.url.path, body, request.headers.get("idempotency-key")))
            refusal = self._refusal(request)
            if refusal is not None:
                return refusal
            rows.append({"id": f"id-{len(self.posts)}", **body, **more})
            return JSONResponse(rows[-1], 201)
        kept = [{k: v for k, v in row.items() if k != "secrets"} for row in rows]
        return self._refusal(request) or JSONResponse({"items": kept, "next": None})

    async def _send_test(self, request: Request) -> Response:
        self.posts.append((request.url.path, None, request.headers.get("idempotency-key")))
        refusal = self._refusal(request)
        if refusal is None:
            source_id = request.path_params["source_id"]
            self.deliveries.insert(0, a_delivery(source_id, "done", normalised=1))
        return refusal or JSONResponse({"status": 204, "answer": "", "delivery_id": "d-1"})

    async def _activities(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is None:
            self.arrived.append(await request.json())
        return refusal or JSONResponse({"delivery_id": "d-2", "accepted": 1, "rejected": []}, 202)

    async def _hook(self, request: Request) -> Response:
        """Verifies as the reference implementation of Standard Webhooks does."""
        body = (await request.body()).decode()
        try:
            self.arrived.append(Webhook(self.secret).verify(body, dict(request.headers)))
        except WebhookVerificationError:
            return JSONResponse({"title": "The proof fails", "status": 401}, 401)
        return Response(status_code=204)

    async def _overview(self, request: Request) -> Response:
        body = {
            "day": day(0),
            "timezone": "Asia/Shanghai",
            "now": datetime.now(UTC).isoformat(),
            "metrics": [against_yesterday(metric) for metric in METRICS],
            "attention": self.attention,
        }
        return self._refusal(request) or JSONResponse(body)

    async def _query(self, request: Request) -> Response:
        query = request.query_params
        metrics = query.getlist("metric")
        if query["granularity"] == "minute":
            rows = [
                {"metric": m, "start": start, "group": {}, "value": value, "grade": "provisional"}
                for m in metrics
                for start, value in (minutes(m) | (self.told if m == "activities" else {})).items()
            ]
            await self.may_answer.wait()
        elif "compare" in query:
            rows = [compared(metric) for metric in metrics]
        else:
            rows = [row for metric in metrics for row in days(metric)]
        return self._refusal(request) or JSONResponse({"items": rows})

    async def _stream(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        last = request.headers.get("last-event-id")
        self.resumed_from.put_nowait(last)
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self.streams.append(queue)

        async def pieces() -> AsyncIterator[str]:
            yield f"retry: 100\nid: {last or 40}\nevent: stream.opened\ndata: {{}}\n\n"
            while (piece := await queue.get()) is not None:
                yield piece

        return StreamingResponse(pieces(), media_type="text/event-stream")

    def tell_minute(self, number: int, activities: int, *, pieces: int = 1) -> None:
        """Tells of this minute's total, in so many pieces."""
        minute = datetime.now(UTC).replace(second=0, microsecond=0).isoformat()
        self.told[minute] = activities
        metrics = {"activities": activities, "views": 1, "engagements": 1}
        message = {"start": minute, "metrics": metrics, "types": {}, "channels": {}}
        text = f"id: {number}\nevent: metrics.minute\ndata: {json.dumps(message)}\n\n"
        size = -(-len(text) // pieces)
        for start in range(0, len(text), size):
            self.tell(text[start : start + size])

    def tell(self, text: str | None) -> None:
        """Writes to every open stream; None closes them."""
        for queue in self.streams:
            queue.put_nowait(text)
        if text is None:
            self.streams.clear()


def a_busy_backend() -> Backend:
    """A company that has been connected for a while."""
    backend = Backend()
    names = [("小城日记官方号", "douyin"), ("城市生活周刊", "wechat-oa"), ("Our own site", "site")]
    for number, (name, platform) in enumerate(names, 1):
        backend.channels.append({"id": f"channel-{number}", "name": name, "platform": platform})
    adapters = ["douyin-open", "wechat-oa", "standard-webhooks", "api"]
    for number, adapter in enumerate(adapters, 1):
        channel = f"channel-{min(number, 3)}"
        row = {"id": f"source-{number}", "channel_id": channel, "adapter": adapter}
        backend.sources.append({**row, "enabled": True})
    verdicts: list[tuple[int, str, dict[str, Any]]] = [
        (3, "done", {"normalised": 12}),
        (1, "done", {"normalised": 1}),
        (2, "duplicate", {"duplicates": 1}),
        (3, "failed", {"normalised": 2, "failed": 1, "reason": "actor: external_id is missing"}),
        (2, "conflict", {"conflicts": 1, "reason": "same key, other content"}),
        (4, "pending", {"pending": 40}),
        (1, "done", {"normalised": 1}),
        (4, "done", {"normalised": 100, "rejected": 2}),
    ]
    for age, (number, status, counts) in enumerate(verdicts):
        one = a_delivery(f"source-{number}", status, seconds_ago=age * 7, **counts)
        backend.deliveries.append(one)
    row = {"received": 20_411, "normalised": 20_330, "duplicates": 61, "conflicts": 3}
    row |= {"rejected": 2, "failed": 15, "pending": 0, "residual": 0, "freshness_seconds": 0.4}
    one = {"severity": "critical", "detail": "15 items of today: failed", "count": 15}
    backend.attention.append({"kind": "failed_items", "channel_id": "channel-3", **one})
    two = {"severity": "warning", "detail": "no activity", "channel_id": "channel-2", "count": 3}
    backend.attention.append({"kind": "silent_channel", **two})
    backend.quality.append({"day": day(0), "source_id": "source-1", **row})
    return backend


@asynccontextmanager
async def served(backend: Backend) -> AsyncIterator[Backend]:
    """The backend on a free port of the loopback interface."""
    config = uvicorn.Config(backend.app, port=0, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn offers no event)
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    backend.address = f"http://127.0.0.1:{port}"
    try:
        yield backend
    finally:
        backend.tell(None)
        server.should_exit = True
        await task
