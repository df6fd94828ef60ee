"""What belongs to the request or event under way: its trace and its request id."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = [
    "TRACEPARENT",
    "current_request_id",
    "current_traceparent",
    "following",
    "next_span",
    "request_id",
    "traceparent",
]

TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
"""W3C trace context: crosses HTTP and the bus."""

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_traceparent() -> str | None:
    """Of the request or event under way; None where nothing is."""
    return traceparent.get()


def current_request_id() -> str | None:
    """Of the request under way; None outside of requests."""
    return request_id.get()


def next_span(parent: str | None) -> str:
    """A span of ours in the caller's trace; in a new one when that is none."""
    if parent is None or not TRACEPARENT.fullmatch(parent):
        return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    _, trace, _, flags = parent.split("-")
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"


@contextmanager
def following(parent: str | None) -> Iterator[None]:
    """What happens inside belongs to the trace of an event, if it came with one."""
    token = traceparent.set(None if parent is None else next_span(parent))
    try:
        yield
    finally:
        traceparent.reset(token)
