"""Requests as the bytes that travel: built and signed before the clock runs."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mediaops_ingest.platforms.port import Request

__all__ = ["Hook", "as_sent", "list_body", "posted", "signed", "single_body", "standard_headers"]

SINGLE_BYTES = 1024
"""A webhook with one act is filled up to this size."""


@dataclass(frozen=True)
class Hook:
    """Where a partner sends, and with which key."""

    path: str
    secret: str
    channel: str
    source: str = ""
    """The source's id."""


def single_body(act: dict[str, Any], *, size: int = SINGLE_BYTES) -> bytes:
    """One act as a Standard Webhook of exactly that many bytes, or more if it does not fit."""
    data = {key: value for key, value in act.items() if key != "type"}
    data["note"] = ""
    short = _json({"type": act["type"], "timestamp": act["occurred_at"], "data": data})
    data["note"] = "n" * max(0, size - len(short))
    return _json({"type": act["type"], "timestamp": act["occurred_at"], "data": data})


def list_body(acts: Sequence[dict[str, Any]]) -> bytes:
    """Several acts as one Standard Webhook."""
    first = acts[0]
    return _json({"type": first["type"], "timestamp": first["occurred_at"], "data": acts})


def standard_headers(
    secret: str, message_id: str, body: bytes, moment: datetime
) -> tuple[tuple[bytes, bytes], ...]:
    """The three with which a Standard Webhook proves itself."""
    timestamp = str(int(moment.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, content, hashlib.sha256))
    return (
        (b"webhook-id", message_id.encode()),
        (b"webhook-timestamp", timestamp.encode()),
        (b"webhook-signature", b"v1," + signature),
    )


def signed(hook: Hook, message_id: str, body: bytes, moment: datetime) -> bytes:
    """The whole HTTP request of a Standard Webhook."""
    headers = (
        (b"host", b"bench"),
        (b"content-type", b"application/json"),
        (b"user-agent", b"partner/1.0"),
        *standard_headers(hook.secret, message_id, body, moment),
    )
    return as_sent(hook.path, Request(method="POST", headers=headers, body=body, now=moment))


def as_sent(hook_path: str, request: Request) -> bytes:
    """The whole HTTP request, as it goes to the hook."""
    path = f"{hook_path}/{request.path}" if request.path else hook_path
    query = f"?{request.query.decode()}" if request.query else ""
    lines = "".join(f"{name.decode()}: {value.decode()}\r\n" for name, value in request.headers)
    return _with_body(f"{request.method} {path}{query} HTTP/1.1\r\n{lines}", request.body)


def posted(token: str, activities: Sequence[dict[str, Any]]) -> bytes:
    """The whole HTTP request of `POST /ingest/v1/activities`."""
    head = (
        "POST /ingest/v1/activities HTTP/1.1\r\nhost: bench\r\nuser-agent: partner/1.0\r\n"
        f"content-type: application/json\r\nauthorization: Bearer {token}\r\n"
    )
    return _with_body(head, _json(list(activities)))


def _with_body(head: str, body: bytes) -> bytes:
    return head.encode() + f"content-length: {len(body)}\r\n\r\n".encode() + body


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
