"""A client of the stream that reads it as it comes, straight from the app."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.builders import channel
from tests.insights.builders import recorded
from tests.insights.running import NOW, RunningInsights


async def something(
    insights: RunningInsights, *, minutes_ago: int = 0, workspace: str = "acme"
) -> None:
    """One like in one minute, told."""
    on = channel("main" if workspace == "acme" else "foreign")
    moment = NOW - timedelta(minutes=minutes_ago)
    await insights.apply(recorded("like.created", moment, workspace=workspace, on=on, count=3))
    await insights.write_stream()


@dataclass(frozen=True)
class Told:
    """One event of the stream; a comment has no type."""

    id: int | None
    type: str | None
    content: Any


@dataclass
class Ear:
    """What came so far. `next` waits for the next event."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    queue: asyncio.Queue[Told | None] = field(default_factory=asyncio.Queue)
    comments: list[str] = field(default_factory=list)
    body: bytes = b""

    async def next(self, timeout: float = 10.0) -> Told | None:
        return await asyncio.wait_for(self.queue.get(), timeout)

    def hear(self, chunk: bytes) -> None:
        self.body += chunk
        while b"\n\n" in self.body:
            frame, self.body = self.body.split(b"\n\n", 1)
            self._take(frame.decode())

    def _take(self, frame: str) -> None:
        fields = dict(line.split(": ", 1) for line in frame.splitlines() if line[0] != ":")
        self.comments += [line for line in frame.splitlines() if line[0] == ":"]
        if "event" in fields:
            content = json.loads(fields["data"])
            self.queue.put_nowait(Told(int(fields["id"]), fields["event"], content))


@asynccontextmanager
async def listening(
    insights: RunningInsights, workspace: str = "acme", last: int | str | None = None
) -> AsyncIterator[Ear]:
    """An open stream; leaving the block hangs up."""
    ear, gone = Ear(), asyncio.Event()
    headers = [(b"authorization", insights.bearer(workspace).encode()), (b"host", b"insights")]
    if last is not None:
        headers.append((b"last-event-id", str(last).encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/insights/v1/stream",
        "raw_path": b"/insights/v1/stream",
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("insights", 80),
    }
    began = asyncio.Event()
    is_first = True

    async def receive() -> dict[str, Any]:
        nonlocal is_first
        if is_first:
            is_first = False
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            ear.status = message["status"]
            ear.headers = {k.decode().lower(): v.decode() for k, v in message["headers"]}
            began.set()
            return
        if gone.is_set():
            raise OSError("the client is gone")
        ear.hear(message.get("body", b""))
        if not message.get("more_body", False):
            ear.queue.put_nowait(None)

    task = asyncio.create_task(insights.app(scope, receive, send))  # type: ignore[arg-type]
    try:
        await asyncio.wait_for(began.wait(), 10)
        yield ear
    finally:
        gone.set()
        with suppress(OSError):
            await asyncio.wait_for(task, 10)
