"""Requests signed by programs nobody here wrote, or by the documented rule with hashlib."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from mediaops_ingest.platforms.port import Request
from standardwebhooks.webhooks import Webhook
from wechatpy.crypto import WeChatCrypto

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SECRET = "whsec_bWVkaWFvcHMtZGVtby1zZWNyZXQtbnVtYmVyLW9uZSE="
CLIENT_SECRET = "douyin_demo_client_secret_0001"
WECHAT = {
    "token": "mediaopsDemoToken",
    "encoding_aes_key": "mediaopsDemoEncodingAESKeya1B2c3D4e5F6g7H8i",
    "app_id": "wxdemo0000000001",
}


def a_like(**changes: Any) -> dict[str, Any]:
    known = {
        "actor": {"external_id": "u-1", "name": "小王"},
        "content": {"external_id": "v-1"},
        "occurred_at": "2026-11-22T08:00:00Z",
    }
    return {**known, **changes}


def a_standard_webhook(
    body: Any, *, id_: str = "msg_1", secret: str = SECRET, now: datetime = NOW
) -> Request:
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    signature = Webhook(secret).sign(msg_id=id_, timestamp=now, data=text)
    return Request(
        method="POST",
        headers=(
            (b"content-type", b"application/json"),
            (b"webhook-id", id_.encode()),
            (b"webhook-timestamp", str(int(now.timestamp())).encode()),
            (b"webhook-signature", signature.encode()),
        ),
        body=text.encode(),
        now=now,
    )


def a_cloud_event(
    data: Any, *, binary: bool = False, bearer: str | None = None, **attributes: Any
) -> Request:
    known = {
        "id": "ce-1",
        "source": "/partners/1",
        "type": "com.mediaops.like.created",
        "time": NOW,
        "specversion": "1.0",
        "datacontenttype": "application/json",
    }
    event = CloudEvent(attributes={**known, **attributes}, data=data)
    message = to_binary_event(event) if binary else to_structured_event(event)
    headers = [(name.lower().encode(), value.encode()) for name, value in message.headers.items()]
    if bearer is not None:
        headers.append((b"authorization", b"Bearer " + bearer.encode()))
    body = message.body if isinstance(message.body, bytes) else message.body.encode()
    return Request(method="POST", headers=tuple(headers), body=body, now=NOW)


def a_douyin_push(
    event: str, content: Any, *, id_: str | None = "m-1", now: datetime = NOW, **outside: Any
) -> Request:
    known = {"event": event, "client_key": "k", "from_user_id": "fan", "to_user_id": "account"}
    body = json.dumps({**known, "content": content, **outside}, ensure_ascii=False).encode()
    signature = hashlib.sha1(CLIENT_SECRET.encode() + body).hexdigest().encode()
    headers = [(b"content-type", b"application/json"), (b"x-douyin-signature", signature)]
    if id_ is not None:
        headers.append((b"msg-id", id_.encode()))
    return Request(method="POST", headers=tuple(headers), body=body, now=now)


def a_wechat_message(text: str, *, nonce: str = "884422", now: datetime = NOW) -> Request:
    """In plain mode."""
    timestamp = str(int(now.timestamp()))
    joined = "".join(sorted((WECHAT["token"], timestamp, nonce)))
    signature = hashlib.sha1(joined.encode()).hexdigest()
    query = {"signature": signature, "timestamp": timestamp, "nonce": nonce}
    return Request(
        method="POST",
        query=urlencode(query).encode(),
        headers=((b"content-type", b"text/xml"),),
        body=text.encode(),
        now=now,
    )


def a_sealed_wechat_message(
    text: str, *, nonce: str = "775533", now: datetime = NOW, beside: str = ""
) -> Request:
    """Encrypted by wechatpy; `beside` stands in the clear, as in compatible mode."""
    timestamp = str(int(now.timestamp()))
    crypto = WeChatCrypto(WECHAT["token"], WECHAT["encoding_aes_key"], WECHAT["app_id"])
    reply = crypto.encrypt_message(text, nonce, timestamp)
    sealed = reply.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    covering = reply.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
    weak = "".join(sorted((WECHAT["token"], timestamp, nonce)))
    query = {
        "signature": hashlib.sha1(weak.encode()).hexdigest(),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": "fan",
        "encrypt_type": "aes",
        "msg_signature": covering,
    }
    body = (
        f"<xml><ToUserName>gh_1</ToUserName>{beside}<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    )
    return Request(
        method="POST",
        query=urlencode(query).encode(),
        headers=((b"content-type", b"text/xml"),),
        body=body.encode(),
        now=now,
    )


def wechat_xml(**fields: Any) -> str:
    known = {
        "ToUserName": "gh_1",
        "FromUserName": "fan",
        "CreateTime": int(NOW.timestamp()),
        "MsgType": "event",
    }
    inner = "".join(
        f"<{k}>{v}</{k}>" if str(v).startswith("<") else f"<{k}><![CDATA[{v}]]></{k}>"
        for k, v in {**known, **fields}.items()
    )
    return f"<xml>{inner}</xml>"
