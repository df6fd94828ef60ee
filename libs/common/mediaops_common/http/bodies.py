"""Reads a request's body: no larger than the limit, of the right kind, strict JSON."""

import asyncio
import hashlib
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from mediaops_common.http.problems import Malformed, TooLarge, UnsupportedMedia
from mediaops_common.http.strict_json import read_json

__all__ = ["StrictRequest", "read_capped"]

_UNREAD = object()

LONG = 128 * 1024
"""Bytes of JSON that are read in a thread, so that the event loop stays free."""


async def read_capped(receive: Receive, length: bytes | None, limit: int) -> bytes:
    """The whole body, whose Content-Length is said to be `length`. Raises TooLarge as soon as it is
    known to be, before it is all held."""
    if length is not None and length.isdigit() and int(length[:20]) > limit:
        raise TooLarge(f"the limit is {limit} bytes")
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect()
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise TooLarge(f"the limit is {limit} bytes")
        if part:
            parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


class StrictRequest(Request):
    """A request whose `json()` refuses what the databases would refuse or readers would differ on.

    Every route of every service gets this class.
    """

    _raw: bytes | None = None
    _value: Any = _UNREAD

    async def body(self) -> bytes:
        if self._raw is None:
            limit = self.app.state.runtime.common.http.max_body_bytes
            length = dict(self.scope["headers"]).get(b"content-length")
            self._raw = await read_capped(self._receive, length, limit)
            if self._raw:
                _check_kind(self.scope["headers"])
        return self._raw

    async def json(self) -> Any:
        if self._value is _UNREAD:
            raw = await self.body()
            is_long = len(raw) > LONG
            self._value = await asyncio.to_thread(read_json, raw) if is_long else read_json(raw)
        return self._value

    async def digest(self) -> bytes:
        """What tells this request from another with the same Idempotency-Key."""
        target = self.scope.get("raw_path", b"") + b"?" + self.scope["query_string"]
        return hashlib.sha256(target + b"\n" + await self.body()).digest()


def _check_kind(headers: list[tuple[bytes, bytes]]) -> None:
    kinds = [value for name, value in headers if name == b"content-type"]
    if len(kinds) > 1:
        raise Malformed("Content-Type is doubled")
    essence, _, parameters = (kinds[0] if kinds else b"").lower().partition(b";")
    essence = essence.strip()
    is_json = essence == b"application/json" or (
        essence.startswith(b"application/") and essence.endswith(b"+json")
    )
    charset = parameters.replace(b" ", b"").replace(b'"', b"")
    if not is_json or (b"charset=" in charset and b"charset=utf-8" not in charset):
        raise UnsupportedMedia("this route reads application/json in UTF-8")
    for name, value in headers:
        if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            raise UnsupportedMedia("this route reads no compressed bodies")
