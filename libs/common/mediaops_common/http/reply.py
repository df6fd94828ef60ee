"""A whole answer, whose bytes are ready before a request comes."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.types import Send

__all__ = ["Headers", "Reply", "lines"]

Headers = list[tuple[bytes, bytes]]


class Reply:
    """Goes out through ASGI, or as it is on a connection."""

    __slots__ = ("body", "head", "headers", "status")

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        """The headers have names in lower case, and tell the length where a body may be. Raises
        ValueError where one would end its line."""
        self.status, self.headers, self.body = status, headers, body
        line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        self.head = line.encode() + lines(headers)
        """The status line and the headers, without the empty line behind them."""
        if self.head.count(b"\n") != len(headers) + 1:
            raise ValueError("a header must be one line")

    async def send(self, send: Send, more: Headers | None = None) -> None:
        """As an ASGI app does, with `more` headers."""
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": self.headers + more if more else self.headers,
            }
        )
        await send({"type": "http.response.body", "body": self.body})


def lines(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The headers as they are written."""
    return b"".join([b"%b: %b\r\n" % pair for pair in headers])
