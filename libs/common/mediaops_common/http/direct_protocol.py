"""The connection of a server that asks a `Direct` before it asks its app."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from mediaops_common.http.direct import MAX_BYTES, Direct, WholeRequest
from mediaops_common.http.protocol import BoundedProtocol
from mediaops_common.http.reply import Headers, Reply, lines
from mediaops_common.settings import HttpSettings

__all__ = ["protocol_for"]


class _Nobody:
    """Waits for a message of the request, of which there are no more."""

    def set(self) -> None: ...


class _Cycle:
    """Stands where uvicorn keeps the request that is under way."""

    __slots__ = (
        "_default_headers",
        "_on_response",
        "_transport",
        "disconnected",
        "keep_alive",
        "response_complete",
        "response_started",
    )

    more_body = False
    message_event = _Nobody()

    def __init__(
        self,
        transport: asyncio.Transport,
        default_headers: Headers,
        keep_alive: bool,
        on_response: Callable[[], Any],
    ) -> None:
        self._transport, self._default_headers = transport, default_headers
        self._on_response = on_response
        self.keep_alive = keep_alive
        self.disconnected = self.response_started = self.response_complete = False

    def tell(self, reply: Reply, more: Headers | None = None) -> None:
        """Writes the reply, unless the client has gone away."""
        self.response_started = self.response_complete = True
        if not self._transport.is_closing():
            headers = self._default_headers + more if more else self._default_headers
            last = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
            self._transport.write(b"".join([reply.head, lines(headers), last, reply.body]))
            if not self.keep_alive:
                self._transport.close()
        self._on_response()


class _DirectProtocol(BoundedProtocol):
    """Asks a `Direct` first where it may. Everything else is as it is without."""

    directs: ClassVar[Sequence[Direct]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._direct: Direct | None = None
        """Who is asked about the request that comes in: ASGI knows nothing of it yet."""
        self._parts: list[bytes] = []

    def _begin(self) -> None:
        self._direct = self._find()
        if self._direct is None:
            super()._begin()

    def on_body(self, body: bytes) -> None:
        if self._direct is None:
            super().on_body(body)
        else:
            self._parts.append(body)

    def _end(self) -> None:
        if self._direct is None or not self._ask(self._direct):
            super()._end()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._direct is not None:
            self._hand_over()  # an app hears of those who leave in the middle
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if self._direct is not None:
            self._hand_over()  # it is under way, and may come to its end
        super().shutdown()

    def _find(self) -> Direct | None:
        for direct in self.directs:
            if self.url.startswith(direct.prefix):
                break
        else:
            return None
        length = self._by_name.get(b"content-length", b"")
        is_short = length.isdigit() and int(length) <= MAX_BYTES
        is_usual = self.parser.get_method() == b"POST" and not self.expect_100_continue
        is_alone = not self._is_answering() and not self.flow.write_paused
        return direct if is_short and is_usual and is_alone else None

    def _ask(self, direct: Direct) -> bool:
        """Whether it is answered; else ASGI has it now."""
        keep_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        headers = self.server_state.default_headers
        cycle = _Cycle(self.transport, headers, keep_alive, self.on_response_complete)
        self.cycle = cycle  # type: ignore[assignment]
        body = b"".join(self._parts)
        if direct(WholeRequest(self.url, self.headers, self._by_name, body), cycle.tell):
            self._direct, self._parts = None, []
            return True
        cycle.response_complete = True
        self._hand_over()
        return False

    def _hand_over(self) -> None:
        parts, self._direct, self._parts = self._parts, None, []
        super()._begin()
        for part in parts:
            super().on_body(part)


def protocol_for(limits: HttpSettings, directs: Sequence[Direct] = ()) -> type[BoundedProtocol]:
    """The protocol class with these; uvicorn makes one object of it per connection."""
    kind = _DirectProtocol if directs else BoundedProtocol
    return type("LimitedProtocol", (kind,), {"limits": limits, "directs": directs})
