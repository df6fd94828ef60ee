"""Short requests, answered without ASGI: no scope, no task and no messages are made for them."""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from mediaops_common.http.reply import Headers, Reply

__all__ = ["MAX_BYTES", "Direct", "Tell", "WholeRequest"]

MAX_BYTES = 64 << 10
"""The longest body that is gathered, as much as uvicorn takes in before an app asks for it."""


class WholeRequest(msgspec.Struct, gc=False):
    """A POST, of which all has come."""

    target: bytes
    """As it was sent: the path, which may hold escapes, and the query."""
    headers: Headers
    """Names in lower case."""
    by_name: Mapping[bytes, bytes]
    """The same; of a name that came twice, the last."""
    body: bytes


Tell = Callable[[Reply, Headers | None], None]
"""Gives the reply, and headers of this one alone. To be called once, in the thread of the loop."""


class Direct(Protocol):
    """What a service answers without ASGI. Its ASGI app answers the same requests in the same way:
    whatever is long, slow, or comes behind another request goes there."""

    prefix: bytes
    """Of the paths that it may know."""

    def __call__(self, request: WholeRequest, tell: Tell, /) -> bool:
        """True where `tell` was called, or certainly will be; False where the app is to be asked,
        and nothing has been done yet. Never raises, and never blocks."""
