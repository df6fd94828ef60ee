"""One sender: how its source is set up, and how it writes acts down."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mediaops_ingest.platforms.port import Request

__all__ = ["Act", "Sender", "Telling", "as_json", "request"]

Act = dict[str, Any]
"""As the company makes them."""


@dataclass(frozen=True)
class Telling:
    """What one request is to tell: the acts, under an id of its own, at that moment."""

    acts: Sequence[Act]
    id: str
    moment: datetime

    @property
    def seconds(self) -> int:
        return int(self.moment.timestamp())

    @property
    def time(self) -> str:
        return self.moment.isoformat(timespec="milliseconds")

    @property
    def act(self) -> Act:
        """The first; most senders tell of one at a time."""
        return self.acts[0]

    @property
    def person(self) -> str:
        return str(self.act["actor"]["external_id"])

    @property
    def content(self) -> str:
        return str(self.act["content"]["external_id"])


@dataclass(frozen=True)
class Sender:
    """Who sends in one scheme. All of its sources have the same secrets."""

    adapter: str
    write: Callable[[Telling], Request]
    secrets: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    mapping: dict[str, Any] | None = None
    items: int = 1
    """Acts in one request."""

    @property
    def source(self) -> dict[str, Any]:
        """The body with which its source is made, without the channel."""
        given = {"secrets": self.secrets, "config": self.config, "mapping": self.mapping}
        return {"adapter": self.adapter, **{name: one for name, one in given.items() if one}}


def as_json(value: Any) -> bytes:
    """The bytes that most programs write."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def request(
    telling: Telling,
    body: bytes,
    *headers: tuple[bytes, bytes],
    path: str = "",
    query: str = "",
    media: bytes = b"application/json",
) -> Request:
    """The request with that body, as it reaches the hook."""
    return Request(
        method="POST",
        path=path,
        query=query.encode(),
        headers=((b"host", b"bench"), (b"content-type", media), *headers),
        body=body,
        now=telling.moment,
    )
