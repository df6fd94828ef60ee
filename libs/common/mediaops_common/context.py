"""What belongs to the request or event under way: its trace and its request id."""

from contextvars import ContextVar

__all__ = ["current_request_id", "current_traceparent", "request_id", "traceparent"]

traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
"""W3C trace context: crosses HTTP and the bus."""

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_traceparent() -> str | None:
    return traceparent.get()


def current_request_id() -> str | None:
    return request_id.get()
