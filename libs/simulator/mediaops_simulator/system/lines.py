"""Keep-alive connections to the hooks, one for each lane.

Thousands of small requests cost a general HTTP client more than they cost the server; this one
does nothing that a platform's sender would not do.
"""

import asyncio
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import httptools

__all__ = ["Broken", "Lines", "Reply"]

_SECONDS = 30


class Broken(Exception):
    """No answer came: whether the request took effect is not known."""


@dataclass(slots=True)
class Reply:
    """What was answered."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_whole: bool = False

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection takes another request."""
        return self.headers.get("connection", "").lower() != "close"

    # The names are those that httptools calls.
    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, part: bytes) -> None:
        self.body += part

    def on_message_complete(self) -> None:
        self.is_whole = True


@dataclass(slots=True)
class _Line:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def exchange(self, request: bytes) -> Reply:
        self.writer.write(request)
        reply = Reply()
        parser = httptools.HttpResponseParser(reply)
        while not reply.is_whole:
            received = await self.reader.read(65_536)
            if not received:
                raise ConnectionResetError("closed before the answer was whole")
            parser.feed_data(received)
        reply.status = parser.get_status_code()
        return reply


class Lines:
    """Posts to one server; requests of one lane must not overlap."""

    def __init__(self, url: str) -> None:
        self._server = urlsplit(url)
        self._open: dict[Hashable, _Line] = {}

    async def post(
        self,
        lane: Hashable,
        path: str,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> Reply:
        """The answer. Raises `Broken`."""
        request = self._written(path, params, headers, body)
        try:
            async with asyncio.timeout(_SECONDS):
                reply = await (await self._line(lane)).exchange(request)
        except (OSError, httptools.HttpParserError, TimeoutError) as error:
            self._hang_up(lane)
            raise Broken(f"{type(error).__name__}: {error}") from None
        if not reply.keeps_alive:
            self._hang_up(lane)
        return reply

    def close(self) -> None:
        for lane in list(self._open):
            self._hang_up(lane)

    def _written(
        self, path: str, params: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> bytes:
        target = f"{path}?{urlencode(params)}" if params else path
        lines = [f"POST {target} HTTP/1.1", f"host: {self._server.netloc}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"content-length: {len(body)}", "", ""]
        return "\r\n".join(lines).encode("latin-1") + body

    async def _line(self, lane: Hashable) -> _Line:
        line = self._open.get(lane)
        if line is None or line.reader.at_eof():
            self._hang_up(lane)  # the server ended its half while the line rested
            secure = self._server.scheme == "https"
            port = self._server.port or (443 if secure else 80)
            line = _Line(
                *await asyncio.open_connection(self._server.hostname, port, ssl=secure or None)
            )
            self._open[lane] = line
        return line

    def _hang_up(self, lane: Hashable) -> None:
        line = self._open.pop(lane, None)
        if line is not None:
            line.writer.close()
