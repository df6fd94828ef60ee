"""HTTP/1.1 on one connection, with deadlines and limits that uvicorn does not have."""

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from mediaops_common.settings import HttpSettings

__all__ = ["BoundedProtocol"]

UPGRADE_HEADERS = frozenset({b"upgrade", b"http2-settings"})

SHUT_SECONDS = 5.0
"""How long a closing connection may take to send what is still in its buffer."""


Phase = Literal["idle", "headers", "body"]


class Refused(Exception):
    """Raised in a parser callback: the request ends here with this status."""


class BoundedProtocol(HttpToolsProtocol):
    """Answers a bare 400, 408 or 431 and closes where a request is broken, slow or too long.

    The headers must be complete `header_seconds` after their first byte (or after the connection
    was made), the body `body_seconds` after the headers, the next request `idle_seconds` after an
    answer. Otherwise trickling clients would hold connections for ever. A request that comes whole,
    as nearly all do, pays for no timer.
    """

    limits: ClassVar[HttpSettings]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False
        self._phase: Phase = "idle"
        self._timed: Phase = "idle"
        """The phase that the deadline ends."""
        self._answered_at = 0.0
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._is_behind = False
        """Whether the headers began behind something else, so that not all of them was counted."""
        self._is_offer = False
        """Whether another protocol is offered: `_feed` declines it."""
        self._drained = 0
        self._refusal = 400
        self._by_name: Mapping[bytes, bytes] = {}

    # What the transport calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_headers()
        self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear_deadline()
        if self._stalled is not None:
            self._stalled.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._phase == "idle" and not self._is_answering():
            # Even lone line ends, which the parser skips, begin the wait for a request.
            self._await_headers()
        if self._phase == "headers":
            self._header_bytes += len(data)
        self._feed(data)
        if self._phase == "headers" and self._header_bytes > self.limits.max_header_bytes:
            self._refusal = 431
            self.send_400_response("")
        elif self._phase != self._timed:
            self._set_deadline()

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline_upgrade(data[offer.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("")

    def _decline_upgrade(self, rest: bytes) -> None:
        """Reads the request as if nothing but HTTP/1.1 had been offered.

        The parser takes all that follows an offered upgrade for the other protocol, and Java's
        client offers HTTP/2 with every first request: its body would be lost.
        """
        head = [self.parser.get_method(), b" ", self.url, b" HTTP/1.1\r\n"]
        for name, value in self.headers:
            if name == b"connection":
                value = b"close" if b"close" in value.lower() else b"keep-alive"
            if name not in UPGRADE_HEADERS:
                head += [name, b": ", value, b"\r\n"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._await_headers()
        self._feed(b"".join(head) + b"\r\n" + rest)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(self.limits.stalled_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    # What the parser calls.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._phase != "headers":
            self._await_headers()
            self._is_behind = True

    def on_headers_complete(self) -> None:
        self._check_size()
        self._by_name = dict(self.headers)
        self._check_framing()
        self._is_offer = self.parser.should_upgrade()
        if self._is_offer:
            if self.parser.get_method() == b"CONNECT":
                raise Refused()
            return
        self._phase, self._drained = "body", 0
        self._begin()

    def _begin(self) -> None:
        """Nothing is wrong with the headers: the request is answered."""
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.cycle is None or self._is_offer:
            return
        if self.cycle.response_complete:
            # Already refused; what follows is read and dropped so that the answer arrives whole.
            self._drained += len(body)
            if self._drained > 4 * self.limits.max_body_bytes:
                self.transport.abort()
            return
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._is_offer:
            return
        self._phase, self._header_bytes = "idle", 0
        if self._timed != "idle":
            self._clear_deadline()
        self._end()
        if self._deadline is None and not self._is_answering():
            self._await_the_next()  # it was refused before all of it had come

    def _end(self) -> None:
        """All of it has come."""
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._await_the_next()

    def send_400_response(self, msg: str) -> None:
        """Ends the connection with a bare answer, unless another answer is under way on it."""
        if self.transport.is_closing():
            return
        self._clear_deadline()
        if not self._is_answering() or not self._has_started():
            self.transport.write(
                STATUS_LINE[self._refusal] + b"content-length: 0\r\nconnection: close\r\n\r\n"
            )
        self._close()

    # Deadlines and limits.

    def _check_size(self) -> None:
        """Refuses headers that are too long together. They are added up only where they can be:
        where more than that came, or where not all that came was counted."""
        limit = self.limits.max_header_bytes
        if self._header_bytes <= limit and not self._is_behind:
            return
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > limit:
            self._refusal = 431
            raise Refused()

    def _check_framing(self) -> None:
        """Refuses what another server in front could read as two requests."""
        names = self._by_name
        has_chunks = b"transfer-encoding" in names
        if has_chunks and b"content-length" in names:
            raise Refused()
        if len(names) < len(self.headers):
            every = [name for name, _ in self.headers]
            if every.count(b"host") > 1 or every.count(b"content-length") > 1:
                raise Refused()
        version = self.parser.get_http_version()
        if version == "1.1":
            if b"host" not in names:
                raise Refused()
        elif version != "1.0" or has_chunks:
            raise Refused()

    def _await_headers(self) -> None:
        self._phase, self._header_bytes, self._is_behind = "headers", 0, False

    def _set_deadline(self) -> None:
        """That of the present phase."""
        self._clear_deadline()
        self._timed = self._phase
        is_body = self._timed == "body"
        seconds = self.limits.body_seconds if is_body else self.limits.header_seconds
        self._deadline = self.loop.call_later(seconds, self._too_slow)

    def _clear_deadline(self) -> None:
        self._timed = "idle"
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _await_the_next(self) -> None:
        self._answered_at = self.loop.time()
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.limits.idle_seconds, self._too_idle)

    def _too_slow(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            # It is we who do not read: the client cannot be blamed.
            self._set_deadline()
        elif self._phase == "headers" and self._header_bytes == 0:
            self._close()
        else:
            self._refusal = 408
            self.send_400_response("")

    def _too_idle(self) -> None:
        """It is set once and looks when the last answer was, instead of anew for each."""
        self._deadline = None
        if self._phase != "idle" or self._is_answering() or self.transport.is_closing():
            return
        left = self._answered_at + self.limits.idle_seconds - self.loop.time()
        if left > 0:
            self._deadline = self.loop.call_later(left, self._too_idle)
        else:
            self._close()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _has_started(self) -> bool:
        return self.cycle is not None and self.cycle.response_started

    def _close(self) -> None:
        self.transport.close()
        # A client that does not read would keep the closing connection for ever.
        self.loop.call_later(SHUT_SECONDS, self.transport.abort)
