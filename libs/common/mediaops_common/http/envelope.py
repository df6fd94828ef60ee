"""What surrounds every request: its id and trace, its metrics, the headers of its answer."""

import re
import secrets
import time

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mediaops_common.context import next_span, request_id, traceparent
from mediaops_common.http.problems import Malformed, Problem, problem_response
from mediaops_common.metrics import count_request
from mediaops_common.reach import NO_WORKSPACE, reaching

__all__ = ["REQUEST_ID", "Envelope"]

log = structlog.get_logger("mediaops.http")

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,80}")

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Set where the route has not set its own."""


class Envelope:
    """The outermost layer of a service's app; whatever fails inside leaves it as a problem.

    HEAD is answered as GET, without the body.
    """

    def __init__(self, app: ASGIApp, service: str) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            # A copy: the server goes on knowing what was asked, and sends no body.
            scope, send = {**scope, "method": "GET"}, _bodiless(send)
        started = time.perf_counter()
        status = 0
        own_id = _request_id(scope["headers"])
        id_token = request_id.set(own_id)
        trace_token = traceparent.set(_traceparent(scope["headers"]))

        async def send_complete(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = own_id
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            with reaching(NO_WORKSPACE):  # until the caller is known
                await self._answer(scope, receive, send_complete)
        except Exception:
            log.exception("request_failed", service=self.service, route=_template(scope))
            if status == 0:
                await problem_response(Problem())(scope, receive, send_complete)
        finally:
            seconds = time.perf_counter() - started
            count_request(self.service, scope["method"], _template(scope), status, seconds)
            request_id.reset(id_token)
            traceparent.reset(trace_token)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        # No identifier holds NUL, and PostgreSQL refuses it in every text.
        if b"%00" in scope.get("raw_path", b"") or b"%00" in scope["query_string"]:
            await problem_response(Malformed("the address holds NUL"))(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _bodiless(send: Send) -> Send:
    """Ends the answer where its body would begin, so that one without an end has one too."""
    is_over = False

    async def send_head(message: Message) -> None:
        nonlocal is_over
        if message["type"] != "http.response.body":
            await send(message)
        elif not is_over:
            is_over = True
            await send({"type": "http.response.body", "body": b""})

    return send_head


def _template(scope: Scope) -> str:
    """`/crm/v1/profiles/{profile_id}`; unknown paths are one label, or callers could invent
    millions."""
    return getattr(scope.get("route"), "path", None) or "unknown"


def _single(headers: list[tuple[bytes, bytes]], name: bytes) -> bytes:
    found = [value for key, value in headers if key == name]
    return found[0] if len(found) == 1 else b""


def _request_id(headers: list[tuple[bytes, bytes]]) -> str:
    given = _single(headers, b"x-request-id")
    return given.decode() if REQUEST_ID.fullmatch(given) else secrets.token_hex(16)


def _traceparent(headers: list[tuple[bytes, bytes]]) -> str:
    return next_span(_single(headers, b"traceparent").decode("latin-1"))
