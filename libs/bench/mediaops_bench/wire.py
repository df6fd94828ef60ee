"""Requests as the bytes that travel: built and signed before the clock runs."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

__all__ = ["Hook", "list_body", "posted", "signed", "single_body"]

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


def signed(hook: Hook, message_id: str, body: bytes, moment: datetime) -> bytes:
    """The whole HTTP request of a Standard Webhook."""
    timestamp = str(int(moment.timestamp()))
    key = base64.b64decode(hook.secret.removeprefix("whsec_"))
    content = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    head = (
        f"POST {hook.path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
        f"user-agent: partner/1.0\r\nwebhook-id: {message_id}\r\n"
        f"webhook-timestamp: {timestamp}\r\nwebhook-signature: v1,{signature}\r\n"
    )
    return _with_body(head, body)


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
