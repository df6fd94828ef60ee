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


def youzan_message(body: bytes) -> slice:
    """Of a 有赞 message the member `msg` alone is signed."""
    found = re.search(rb'"msg"\s*:\s*"([^"]+)"', body)
    assert found is not None
    return slice(found.start(1), found.end(1))


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
    "bilibili": Shape(),
    "cloudevents": Shape(),
    "discord": Shape(whole, headers=(b"x-signature-ed25519", b"x-signature-timestamp")),
    "doudian": Shape(whole, headers=(b"event-sign",)),
    "douyin-live": Shape(
        whole,
        headers=(b"x-signature", b"x-msg-type", b"x-nonce-str", b"x-roomid", b"x-timestamp"),
    ),
    "douyin-microapp": Shape(ciphertext),
    "douyin-open": Shape(whole, headers=(b"x-douyin-signature",)),
    "generic": Shape(whole, headers=(b"x-signature",)),
    "github": Shape(whole, headers=(b"x-hub-signature-256",)),
    "kuaishou": Shape(whole, headers=(b"kwaisign",)),
    "line": Shape(whole, headers=(b"x-line-signature",)),
    "matomo": Shape(),
    "meta-graph": Shape(whole, headers=(b"x-hub-signature-256",)),
    "qq-bot": Shape(whole, headers=(b"x-signature-ed25519", b"x-signature-timestamp")),
    "segment-rudder": Shape(headers=(b"authorization",)),
    "shopify": Shape(whole, headers=(b"x-shopify-hmac-sha256",)),
    "snowplow": Shape(),
    "standard-webhooks": Shape(
        whole, headers=(b"webhook-id", b"webhook-timestamp", b"webhook-signature")
    ),
    "stripe-style": Shape(whole, headers=(b"stripe-signature",)),
    "svix": Shape(whole, headers=(b"svix-id", b"svix-timestamp", b"svix-signature")),
    "telegram": Shape(headers=(b"x-telegram-bot-api-secret-token",)),
    "tiktok": Shape(whole, headers=(b"tiktok-signature",)),
    "wecom": SEALED,
    "weibo": IN_THE_QUERY,
    "x-activity": Shape(whole, headers=(b"x-twitter-webhooks-signature",)),
    "xiaohongshu-leads": Shape(whole, headers=(b"x-red-signature",)),
    "xiaohongshu-miniapp": IN_THE_QUERY,
    "youtube-websub": Shape(whole, headers=(b"x-hub-signature",)),
    "youzan": Shape(youzan_message),
}


def shape_of(scheme: str, query: bytes) -> Shape:
    """A 公众号 signs in two ways, and the query says which."""
    if scheme == "wechat-oa":
        return SEALED if b"msg_signature" in query else IN_THE_QUERY
    return SHAPES[scheme]
