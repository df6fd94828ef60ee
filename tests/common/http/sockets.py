"""The fake service behind a real server, and raw bytes sent to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from mediaops_common.http.server import listen, serve
from mediaops_common.settings import HttpSettings, Settings, StoreSettings

from tests.common.http.fake import Running, running

GET = b"GET /fake/health/live HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /fake/v1/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


class Served:
    """A running server and its address."""

    def __init__(self, fake: Running, port: int, stopping: asyncio.Event) -> None:
        self.fake = fake
        self.port = port
        self.stopping = stopping
        self.authorization = f"Authorization: Bearer {fake.token()}\r\n".encode()

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def exchange(self, raw: bytes, *, seconds: float = 5) -> bytes:
        """Sends the bytes, then reads until the server closes or nothing more comes."""
        reader, writer = await self.open()
        try:
            writer.write(raw)
            await writer.drain()
            return await read_all(reader, seconds)
        finally:
            await close(writer)

    def post(self, body: bytes, *headers: bytes) -> bytes:
        """A well-formed creating request."""
        lines = [
            b"POST /fake/v1/notes HTTP/1.1",
            b"Host: x",
            b"Content-Type: application/json",
            b"Content-Length: %d" % len(body),
            *headers,
        ]
        return b"\r\n".join(lines) + b"\r\n" + self.authorization + b"\r\n" + body


async def read_all(reader: asyncio.StreamReader, seconds: float) -> bytes:
    got = b""
    try:
        async with asyncio.timeout(seconds):
            while part := await reader.read(65_536):
                got += part
    except (TimeoutError, ConnectionError):
        pass
    return got


async def read_until_closed(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server closes; fails when it never does."""
    async with asyncio.timeout(60):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def served(folder: Path, **http: Any) -> AsyncIterator[Served]:
    """The fake service on a free loopback port, with short deadlines."""
    limits = {"header_seconds": 1, "body_seconds": 1.5, "stalled_seconds": 1, "stop_seconds": 1}
    settings = HttpSettings(port=0, **(limits | http))
    common = Settings(store=StoreSettings(data=folder), http=settings)
    async with running(folder, common=common) as fake:
        sock = listen(settings)
        stopping, is_up = asyncio.Event(), asyncio.Event()
        server = asyncio.create_task(
            serve(fake.app, settings, sock, stopping=stopping, on_ready=is_up.set)
        )
        await is_up.wait()
        try:
            yield Served(fake, sock.getsockname()[1], stopping)
        finally:
            stopping.set()
            await server
