"""Requests of the international schemes, signed by the documented rules with plain hashlib."""

import base64
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from mediaops_ingest.platforms.port import Request

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
KEY = "a-key-that-both-sides-know"
DISCORD = Ed25519PrivateKey.from_private_bytes(b"d" * 32)
DISCORD_KEY = DISCORD.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
TOPIC = "https://www.youtube.com/feeds/videos.xml?channel_id=UC1"
SNOWPLOW_PATH = "com.snowplowanalytics.snowplow/tp2"

SECRETS: dict[str, dict[str, Any]] = {
    "svix": {"secret": "whsec_" + base64.b64encode(KEY.encode()).decode()},
    "tiktok": {"client_secret": KEY},
    "stripe-style": {"secret": f"whsec_{KEY}"},
    "github": {"secret": KEY},
    "meta-graph": {"app_secret": KEY, "verify_token": "meta-token"},
    "x-activity": {"consumer_secret": KEY},
    "line": {"channel_secret": KEY},
    "shopify": {"client_secret": KEY},
    "telegram": {"secret_token": "telegram-token"},
    "discord": {"public_key_hex": DISCORD_KEY},
    "youtube-websub": {"hub_secret": KEY, "expected_topics": [TOPIC]},
    "segment-rudder": {"write_key": "write-key"},
    "snowplow": {},
    "matomo": {},
    "generic": {"secret": KEY},
}


def text_of(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return json.dumps(body, ensure_ascii=False).encode()


def mac(text: bytes, *, key: str = KEY, algorithm: str = "sha256") -> bytes:
    return hmac.new(key.encode(), text, algorithm).digest()


def signed_headers(scheme: str, body: bytes, now: datetime, id_: str) -> dict[str, str]:
    """The headers with which the scheme's sender proves this body."""
    seconds = str(int(now.timestamp()))
    timed = f"{seconds}.".encode() + body
    base64_mac = base64.b64encode(mac(body)).decode()
    if scheme == "svix":
        text = f"{id_}.".encode() + timed
        signature = "v1," + base64.b64encode(mac(text)).decode()
        return {"svix-id": id_, "svix-timestamp": seconds, "svix-signature": signature}
    if scheme == "discord":
        signature = DISCORD.sign(seconds.encode() + body).hex()
        return {"x-signature-timestamp": seconds, "x-signature-ed25519": signature}
    return {
        "tiktok": {"tiktok-signature": f"t={seconds},s={mac(timed).hex()}"},
        "stripe-style": {
            "stripe-signature": f"t={seconds},v1={mac(timed, key='whsec_' + KEY).hex()}"
        },
        "github": {
            "x-hub-signature-256": f"sha256={mac(body).hex()}",
            "x-github-delivery": id_,
        },
        "meta-graph": {"x-hub-signature-256": f"sha256={mac(body).hex()}"},
        "x-activity": {"x-twitter-webhooks-signature": f"sha256={base64_mac}"},
        "line": {"x-line-signature": base64_mac},
        "shopify": {"x-shopify-hmac-sha256": base64_mac, "x-shopify-event-id": id_},
        "telegram": {"x-telegram-bot-api-secret-token": "telegram-token"},
        "youtube-websub": {
            "x-hub-signature": f"sha1={mac(body, algorithm='sha1').hex()}",
        },
        "segment-rudder": {
            "authorization": "Basic " + base64.b64encode(b"write-key:").decode(),
        },
        "generic": {"x-signature": mac(body).hex()},
    }.get(scheme, {})


def a_push(
    scheme: str,
    body: Any,
    *,
    now: datetime = NOW,
    id_: str = "id-1",
    path: str = "",
    query: dict[str, str] | None = None,
    method: str = "POST",
    **headers: str,
) -> Request:
    """A request of the scheme; `headers` are named with underscores."""
    raw = text_of(body)
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    found = {"content-type": "application/json", **signed_headers(scheme, raw, now, id_), **more}
    return Request(
        method=method,
        path=path,
        query=urlencode(query or {}).encode(),
        headers=tuple((name.encode(), value.encode()) for name, value in found.items()),
        body=raw,
        now=now,
    )


def an_atom_feed(*, published: str, updated: str, channel: str = "UC1") -> bytes:
    return (
        '<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" '
        'xmlns="http://www.w3.org/2005/Atom">'
        f'<link rel="self" href="https://www.youtube.com/xml/feeds/videos.xml?channel_id={channel}"/>'
        f"<entry><id>yt:video:v1</id><yt:videoId>v1</yt:videoId><yt:channelId>{channel}"
        f"</yt:channelId><title>秋日</title><published>{published}</published>"
        f"<updated>{updated}</updated></entry></feed>"
    ).encode()


def an_update(**told: Any) -> dict[str, Any]:
    return {"update_id": 7, **told}


A_FEED = an_atom_feed(published="2026-11-22T08:50:00+00:00", updated="2026-11-22T08:51:00+00:00")
A_CALL = {
    "type": "track",
    "event": "Video Played",
    "messageId": "m1",
    "userId": "u1",
    "timestamp": "2026-11-22T08:00:00Z",
}

BODIES: dict[str, Any] = {
    "svix": {"type": "like.created", "data": {"actor": {"external_id": "u1"}}},
    "tiktok": {
        "event": "im_receive_msg",
        "create_time": SECONDS,
        "user_openid": "biz",
        "content": json.dumps({"message_id": "m1", "from": "alice", "text": {"body": "hi"}}),
    },
    "stripe-style": {
        "id": "evt_1",
        "type": "checkout.session.completed",
        "created": SECONDS,
        "data": {"object": {"id": "cs_1", "amount_total": 1990, "currency": "cny"}},
    },
    "github": {"action": "created", "sender": {"id": 3, "login": "octo"}},
    "meta-graph": {
        "object": "page",
        "entry": [
            {
                "id": "p1",
                "time": SECONDS,
                "changes": [
                    {
                        "field": "feed",
                        "value": {
                            "item": "comment",
                            "verb": "add",
                            "comment_id": "c1",
                            "post_id": "p1_1",
                            "from": {"id": "9", "name": "A"},
                            "created_time": SECONDS,
                        },
                    }
                ],
            }
        ],
    },
    "x-activity": {
        "data": {
            "event_uuid": "e1",
            "event_type": "follow.follow",
            "filter": {"user_id": "1"},
            "payload": {"source": {"id": "2", "username": "a"}, "target": {"id": "1"}},
        }
    },
    "line": {
        "destination": "U0",
        "events": [
            {
                "type": "follow",
                "timestamp": SECONDS * 1000,
                "source": {"type": "user", "userId": "U1"},
                "webhookEventId": "w1",
                "deliveryContext": {"isRedelivery": False},
            }
        ],
    },
    "shopify": {"id": 1, "total_price": "19.90", "currency": "CNY", "customer": {"id": 5}},
    "telegram": an_update(
        message={
            "message_id": 1,
            "date": SECONDS,
            "chat": {"id": 7, "type": "private"},
            "from": {"id": 7, "first_name": "林"},
            "text": "你好",
        }
    ),
    "discord": {
        "application_id": "1",
        "id": "3",
        "token": "t",
        "type": 2,
        "data": {"name": "report"},
        "member": {"user": {"id": "u1"}},
    },
    "youtube-websub": A_FEED,
    "segment-rudder": {"batch": [A_CALL], "sentAt": "2026-11-22T08:00:01Z"},
    "snowplow": {"schema": "iglu:x", "data": [{"e": "pv", "eid": "e1", "url": "https://s/a?b=1"}]},
    "matomo": {"requests": ["?idsite=1&rec=1&url=https%3A%2F%2Fs%2Fa&uid=u1&rand=1"]},
    "generic": {"event": "paid", "id": "o1"},
}

_MORE: dict[str, dict[str, Any]] = {
    "github": {"x_github_event": "star"},
    "shopify": {"x_shopify_topic": "orders/paid"},
    "segment-rudder": {"path": "v1/batch"},
    "snowplow": {"path": SNOWPLOW_PATH},
    "matomo": {"path": "matomo.php"},
}


def an_example(scheme: str, **changes: Any) -> Request:
    """One accepted request of the scheme."""
    return a_push(scheme, BODIES[scheme], **{**_MORE.get(scheme, {}), **changes})


INTERNATIONAL = [(scheme, "own", SECRETS[scheme], an_example(scheme)) for scheme in sorted(SECRETS)]
