"""Ingest behind a real server, and requests to its door byte by byte."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from mediaops_common.http.app import build_directs
from mediaops_common.http.server import listen, serve
from mediaops_common.settings import HttpSettings
from starlette.types import Receive, Scope, Send

from tests.ingest.running import Ingest, signed


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def lasting(self) -> tuple[int, dict[str, str], bytes]:
        """Without what is new in each."""
        passing = ("date", "x-delivery-id")
        kept = {name: value for name, value in self.headers.items() if name not in passing}
        return self.status, kept, self.body


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answer(self) -> Answer:
        async with asyncio.timeout(60):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            pairs = [line.partition(": ")[::2] for line in head[1:] if line]
            headers = dict(pairs)
            assert len(headers) == len(pairs)
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(int(head[0].split(" ")[1]), headers, body)

    async def is_closed(self) -> bool:
        async with asyncio.timeout(60):
            return await self.reader.read() == b""


@dataclass
class Served:
    ingest: Ingest
    port: int
    asked: list[str]
    """Paths of the requests that came to ASGI."""
    stopping: asyncio.Event

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield Connection(reader, writer)
        finally:
            writer.close()

    async def send(self, *pieces: bytes) -> Answer:
        """What one request in pieces is answered; each is a segment of its own."""
        async with self.connection() as connection:
            for number, piece in enumerate(pieces):
                if number:
                    await asyncio.sleep(0.05)
                connection.writer.write(piece)
            return await connection.answer()

    def request(
        self,
        source: dict[str, Any],
        body: bytes = b"{}",
        *more: bytes,
        method: str = "POST",
        below: str = "",
        headers: Any = None,
    ) -> bytes:
        """A signed one where no headers are given."""
        if headers is None:
            proof = signed(source["secrets"]["secret"], body, self.ingest.clock.now())
            headers = [(name.encode(), value.encode()) for name, value in proof.items()]
        path = source["hook_url"].removeprefix(self.ingest.runtime.public_url) + below
        lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: x"]
        lines += [b"%b: %b" % pair for pair in headers if pair[0] not in FRAMING]
        lines += [b"Content-Length: %d" % len(body), *more]
        return b"\r\n".join(lines) + b"\r\n\r\n" + body


FRAMING = (b"host", b"content-length", b"transfer-encoding", b"connection")


@asynccontextmanager
async def served(ingest: Ingest) -> AsyncIterator[Served]:
    asked: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])
        await ingest.app(scope, receive, send)

    settings = HttpSettings(port=0, body_seconds=1.5, stop_seconds=5)
    sock = listen(settings)
    stopping, is_up = asyncio.Event(), asyncio.Event()
    directs = build_directs([ingest.runtime])
    server = asyncio.create_task(
        serve(app, settings, sock, stopping=stopping, on_ready=is_up.set, directs=directs)
    )
    await is_up.wait()
    try:
        yield Served(ingest, sock.getsockname()[1], asked, stopping)
    finally:
        stopping.set()
        await server
