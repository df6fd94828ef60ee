"""Which parts of a request each scheme signs."""

import re
from collections.abc import Callable
from dataclasses import dataclass

Part = Callable[[bytes], slice]
"""Where the signed part of a body is."""


def whole(body: bytes) -> slice:
    return slice(0, len(body))


def ciphertext(body: bytes) -> slice:
    """What is in Encrypt, in XML or JSON: of an envelope nothing else is signed."""
    found = re.search(rb'Encrypt(?:><!\[CDATA\[|>|"\s*:\s*")([^"\]<]+)', body)
    assert found is not None
    # The last characters may hold stray bits and padding.
    return slice(found.start(1), found.end(1) - 4)


@dataclass(frozen=True)
class Shape:
    """Without a signed part of the body, a changed body may be accepted."""

    body: Part | None = None
    headers: tuple[bytes, ...] = ()
    parameters: tuple[bytes, ...] = ()
    """Of the query: those without which, or with others, nothing is proved."""


SEALED = Shape(body=ciphertext, parameters=(b"msg_signature", b"timestamp", b"nonce"))
IN_THE_QUERY = Shape(parameters=(b"signature", b"timestamp", b"nonce"))

SHAPES = {
    "cloudevents": Shape(),
    "douyin-open": Shape(whole, headers=(b"x-douyin-signature",)),
    "kuaishou": Shape(whole, headers=(b"kwaisign",)),
    "standard-webhooks": Shape(
        whole, headers=(b"webhook-id", b"webhook-timestamp", b"webhook-signature")
    ),
    "xiaohongshu-leads": Shape(whole, headers=(b"x-red-signature",)),
}


def shape_of(scheme: str, query: bytes) -> Shape:
    """A 公众号 signs in two ways, and the query says which."""
    if scheme == "wechat-oa":
        return SEALED if b"msg_signature" in query else IN_THE_QUERY
    return SHAPES[scheme]
