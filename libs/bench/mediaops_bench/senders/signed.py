"""The senders that the door is loaded with: each proves its requests as its platform does."""

import base64
import hashlib
import hmac
from typing import Any

from mediaops_ingest.platforms.port import Request
from mediaops_ingest.platforms.wechat_crypto import WeChatCipher

from mediaops_bench.senders.sender import Act, Sender, Telling, as_json, request
from mediaops_bench.wire import list_body, single_body, standard_headers

__all__ = ["SIGNED", "xml"]

KEY = "a-key-that-both-sides-know"
STANDARD = "whsec_" + base64.b64encode(KEY.encode()).decode()
AES_KEY = "mediaopsBenchEncodingAESKey1B2c3D4e5F6g7H8i"
WECHAT = {"token": "mediaopsBenchToken", "app_id": "wxbench0000000001", "encoding_aes_key": AES_KEY}
CIPHER = WeChatCipher(AES_KEY, WECHAT["app_id"])
BATCH = 10


def standard(telling: Telling) -> Request:
    """Without the filling that `door` gives it: the size that its act has."""
    acts = telling.acts
    body = single_body(acts[0], size=0) if len(acts) == 1 else list_body(acts)
    return request(telling, body, *standard_headers(STANDARD, telling.id, body, telling.moment))


def douyin(telling: Telling) -> Request:
    liked = {"action_type": 1, "action_time": telling.seconds, "item_id": telling.content}
    body = as_json(
        {
            "event": "new_video_digg",
            "client_key": "aw5bench",
            "from_user_id": telling.person,
            "to_user_id": "account",
            "content": as_json(liked).decode(),
        }
    )
    signature = hashlib.sha1(KEY.encode() + body).hexdigest()  # the platform's scheme
    return request(
        telling, body, (b"x-douyin-signature", signature.encode()), (b"msg-id", telling.id.encode())
    )


def xml(**fields: Any) -> bytes:
    """As the platforms of 微信 write their messages."""
    inner = "".join(f"<{name}><![CDATA[{one}]]></{name}>" for name, one in fields.items())
    return f"<xml>{inner}</xml>".encode()


def wechat(telling: Telling) -> Request:
    """In 安全模式: the message is sealed, and the signature covers the ciphertext."""
    message = xml(
        ToUserName="gh_bench",
        FromUserName=telling.person,
        CreateTime=telling.seconds,
        MsgType="text",
        Content="这个真不错，已经推荐给朋友了",
        MsgId=telling.id,
    )
    sealed = CIPHER.encrypt(message, hashlib.sha256(telling.id.encode()).digest()[:16])
    stamp, nonce = str(telling.seconds), telling.id
    plain, covering = (
        hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # the platform's scheme
        for parts in ((WECHAT["token"], stamp, nonce), (WECHAT["token"], stamp, nonce, sealed))
    )
    query = (
        f"signature={plain}&timestamp={stamp}&nonce={nonce}&openid={telling.person}"
        f"&encrypt_type=aes&msg_signature={covering}"
    )
    body = xml(ToUserName="gh_bench", Encrypt=sealed)
    return request(telling, body, query=query, media=b"text/xml")


def segment(telling: Telling) -> Request:
    basic = base64.b64encode(KEY.encode() + b":")
    calls = [_call(telling, number, act) for number, act in enumerate(telling.acts)]
    context = {"library": {"name": "analytics-bench", "version": "1.0.0"}, "locale": "zh-CN"}
    body = as_json({"batch": calls, "context": context, "sentAt": telling.time})
    return request(telling, body, (b"authorization", b"Basic " + basic), path="v1/batch")


def _call(telling: Telling, number: int, act: Act) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Video Played",
        "messageId": f"{telling.id}-{number}",
        "userId": act["actor"]["external_id"],
        "timestamp": telling.time,
        "context": {"page": {"path": "/videos", "url": "https://shop.example/videos?from=bench"}},
        "properties": {"content_asset_id": act["content"]["external_id"], "position": number},
    }


KINDS = {
    "view.recorded": "view",
    "play.completed": "finish",
    "like.created": "like",
    "comment.created": "say",
    "share.created": "share",
    "favourite.created": "fav",
    "follow.created": "follow",
    "follow.removed": "unfollow",
    "order.paid": "buy",
}
"""What a shop of no known platform calls it."""

SHOP = {
    "tables": {"kinds": {word: type_ for type_, word in KINDS.items()}},
    "activities": [
        {
            "when": "item.test != `true`",
            "type": {"from": "item.kind", "table": "kinds"},
            "occurred_at": {"from": "item.at", "time": "unix_ms"},
            "actor": {"external_id": "=item.who.id", "name": "=item.who.nick"},
            "content": {"external_id": "=item.page"},
            "count": {"from": "item.n", "default": 1},
            "value": {"amount_minor": {"from": "item.yuan", "decimals": 2}, "currency": "CNY"},
            "text": "=item.says",
            "context": {"region": "=item.where.region", "client": "=item.where.client"},
        }
    ],
}


def shop(telling: Telling) -> Request:
    act, stamp = telling.act, str(telling.seconds).encode()
    told: dict[str, Any] = {
        "id": telling.id,
        "kind": KINDS[act["type"]],
        "at": int(telling.moment.timestamp() * 1000),
        "who": {"id": telling.person, "nick": act["actor"]["name"]},
        "page": telling.content,
        "where": act["context"],
    }
    if "value" in act:
        told["yuan"] = f"{act['value']['amount_minor'] / 100:.2f}"
    body = as_json(told)
    signature = hmac.new(KEY.encode(), stamp + b"." + body, hashlib.sha256).hexdigest()
    return request(telling, body, (b"x-signature", signature.encode()), (b"x-timestamp", stamp))


SIGNED = {
    "standard-webhooks": Sender("standard-webhooks", standard, {"secret": STANDARD}),
    "douyin-open": Sender("douyin-open", douyin, {"client_secret": KEY}),
    "wechat-oa": Sender("wechat-oa", wechat, WECHAT, {"mode": "safe"}),
    "generic": Sender(
        "generic",
        shop,
        {"secret": KEY},
        {
            "signed": "{timestamp}.{body}",
            "timestamp_header": "X-Timestamp",
            "dedup_key": "item.id",
        },
        SHOP,
    ),
    f"standard-webhooks of {BATCH}": Sender(
        "standard-webhooks", standard, {"secret": STANDARD}, items=BATCH
    ),
    f"segment-rudder of {BATCH}": Sender(
        "segment-rudder", segment, {"write_key": KEY}, items=BATCH
    ),
}
"""By what they are called in the report."""
