"""Requests of Chinese platforms, signed by the documented rule with hashlib and hmac."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote_plus, urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from mediaops_ingest.platforms.port import Request
from wechatpy.enterprise.crypto import WeChatCrypto

from tests.ingest.platforms.signers import NOW

JSON = (b"content-type", b"application/json")
KUAISHOU = {"app_secret": "ks-secret-of-a-test"}
LEADS = {"token": "leads-token-of-a-test"}
LIVE = {"secret": "live-secret-of-a-test"}
DOUDIAN = {"app_key": "7000000000000000001", "app_secret": "shop-secret-of-a-test"}
QQ = {"app_secret": "qqSecretOfATest1"}
YOUZAN = {"client_id": "yz-1", "client_secret": "yz-secret-of-a-test"}
WEIBO = {"app_secret": "wb-secret-of-a-test"}
MINIAPP = {"token": "miniTokenOfATest"}
_KEY = "mediaopsDemoEncodingAESKeya1B2c3D4e5F6g7H8i"
WECOM = {"token": "wecomTokenOfATest", "encoding_aes_key": _KEY, "corp_id": "wwcorp1"}
PROVIDER = {"token": "wecomTokenOfATest", "encoding_aes_key": _KEY, "suite_id": "wwsuite1"}
MICROAPP = {"token": "microTokenOfATest", "encoding_aes_key": _KEY, "app_id": "tt0000000000000001"}
SECONDS = str(int(NOW.timestamp()))


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def a_post(body: bytes, *headers: tuple[bytes, bytes], query: bytes = b"") -> Request:
    return Request(method="POST", query=query, headers=(JSON, *headers), body=body, now=NOW)


def a_kuaishou_push(
    event: Any, data: Any, *, secret: str = KUAISHOU["app_secret"], **outside: Any
) -> Request:
    known = {"app_id": "KS1", "event": event, "timestamp": 1795338000000, "message_id": "m-1"}
    body = as_json({**known, "data": data, **outside})
    signature = hashlib.md5(body + secret.encode()).hexdigest().encode()
    return a_post(body, (b"kwaisign", signature))


def a_lead(**changes: Any) -> Request:
    known = {
        "leads_id": "lead-1",
        "submitted_time": "2026-11-22 16:30:00",
        "campaign_name": "秋季拉新",
        "data": [{"label": "姓名", "value": "林"}, {"label": "电话", "value": "13800000000"}],
    }
    return a_leads_push({"data": {**known, **changes}, "timestamp": 1795338000000})


def a_leads_push(push: Any) -> Request:
    body = as_json(push)
    digest = hmac.new(LEADS["token"].encode(), body, hashlib.sha1).hexdigest().encode()
    return a_post(body, (b"x-red-signature", b"sha1=" + digest))


def a_live_batch(kind: str, *items: Any, nonce: str = "n-1", body: bytes | None = None) -> Request:
    body = as_json(list(items)) if body is None else body
    headers = {
        "x-msg-type": kind,
        "x-nonce-str": nonce,
        "x-roomid": "7300",
        "x-timestamp": f"{SECONDS}000",
    }
    signed = "&".join(f"{name}={value}" for name, value in sorted(headers.items())).encode()
    digest = hashlib.md5(signed + body + LIVE["secret"].encode()).digest()
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    return a_post(body, *sent, (b"x-signature", base64.b64encode(digest)))


def a_shop_batch(*items: Any) -> Request:
    body = as_json(list(items))
    signed = DOUDIAN["app_key"].encode() + body + DOUDIAN["app_secret"].encode()
    return a_post(body, (b"event-sign", hashlib.md5(signed).hexdigest().encode()))


def a_qq_push(name: str, told: Any, *, body: bytes | None = None, **outside: Any) -> Request:
    push = {"op": 0, "id": f"{name}:1", "t": name, "d": told, **outside}
    body = as_json(push) if body is None else body
    seed = (QQ["app_secret"] * 2)[:32].encode()
    key = Ed25519PrivateKey.from_private_bytes(seed)
    signature = key.sign(SECONDS.encode() + body).hex().encode()
    stamp = (b"x-signature-timestamp", SECONDS.encode())
    return a_post(body, stamp, (b"x-signature-ed25519", signature))


def a_youzan_push(type_: str, message: Any, **outside: Any) -> Request:
    text = quote_plus(json.dumps(message, ensure_ascii=False))
    signed = YOUZAN["client_id"] + text + YOUZAN["client_secret"]
    known = {
        "client_id": YOUZAN["client_id"],
        "id": "E1",
        "kdt_id": 160001,
        "msg": text,
        "msg_id": "yz-m-1",
        "send_count": 0,
        "sign": hashlib.md5(signed.encode()).hexdigest(),
        "status": "S",
        "test": False,
        "type": type_,
        "version": 1,
    }
    return a_post(as_json({**known, **outside}))


def a_signed_query(secret: str, timestamp: str, *, nonce: str = "n-1", **more: str) -> bytes:
    joined = "".join(sorted((secret, timestamp, nonce))).encode()
    signature = hashlib.sha1(joined).hexdigest()
    return urlencode(
        {"signature": signature, "timestamp": timestamp, "nonce": nonce, **more}
    ).encode()


def a_weibo_push(type_: str, subtype: str | None = None, **outside: Any) -> Request:
    known = {
        "type": type_,
        "receiver_id": 1902538057,
        "sender_id": 2489518277,
        "created_at": "Sun Nov 22 16:30:00 +0800 2026",
        "text": "文字",
        "data": {"subtype": subtype} if subtype else {},
    }
    query = a_signed_query(WEIBO["app_secret"], f"{SECONDS}000")
    return a_post(as_json({**known, **outside}), query=query)


def a_miniapp_push(body: Any) -> Request:
    return a_post(as_json(body), query=a_signed_query(MINIAPP["token"], SECONDS))


def xml(**fields: Any) -> str:
    inner = "".join(
        f"<{name}>{value}</{name}>"
        if str(value).startswith("<")
        else f"<{name}><![CDATA[{value}]]></{name}>"
        for name, value in fields.items()
    )
    return f"<xml>{inner}</xml>"


def a_wecom_callback(secrets: dict[str, str], *, nonce: str = "n-1", **fields: Any) -> Request:
    sealed, query = _sealed(secrets, xml(**fields), nonce)
    body = xml(ToUserName="ww", AgentID="1000002", Encrypt=sealed).encode()
    return a_post(body, query=urlencode(query).encode())


def a_wecom_check(secrets: dict[str, str], echo: str, *, nonce: str = "n+1") -> str:
    """The query of the GET that checks an address."""
    sealed, query = _sealed(secrets, echo, nonce)
    return urlencode({**query, "echostr": sealed})


def _sealed(secrets: dict[str, str], text: str, nonce: str) -> tuple[str, dict[str, str]]:
    """By wechatpy: the ciphertext, and the query that covers it."""
    owner = secrets.get("corp_id") or secrets["suite_id"]
    crypto = WeChatCrypto(secrets["token"], secrets["encoding_aes_key"], owner)
    reply = crypto.encrypt_message(text, nonce, SECONDS)
    sealed = reply.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    covering = reply.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
    return sealed, {"msg_signature": covering, "timestamp": SECONDS, "nonce": nonce}


def a_microapp_push(message: Any, *, blank: str = "", as_xml: bool = False) -> Request:
    """Sealed by hand: nobody's library puts 32 bytes in front. `blank` ends the ciphertext."""
    text = as_json(message) if not isinstance(message, str) else message.encode()
    key = base64.b64decode(MICROAPP["encoding_aes_key"] + "=")
    plain = b"r" * 32 + len(text).to_bytes(4, "big") + text + MICROAPP["app_id"].encode()
    padding = 32 - len(plain) % 32
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    sealed = base64.b64encode(encryptor.update(plain + bytes([padding]) * padding)).decode() + blank
    joined = "".join(sorted((MICROAPP["token"], SECONDS, "n-1", sealed))).encode()
    envelope = {
        "Nonce": "n-1",
        "TimeStamp": SECONDS,
        "Encrypt": sealed,
        "MsgSignature": hashlib.sha1(joined).hexdigest(),
    }
    return a_post(xml(**envelope).encode() if as_xml else as_json(envelope))


CHINESE = [
    (
        "bilibili",
        "own",
        {},
        a_post(as_json({"event": "video_open", "content": {}, "timestamp": "2026-11-22 16:30:00"})),
    ),
    ("doudian", "own", DOUDIAN, a_shop_batch({"tag": 100, "msg_id": "m-1", "data": {"p_id": 1}})),
    ("douyin-live", "own", LIVE, a_live_batch("live_comment", {"msg_id": "c-1", "content": "好"})),
    (
        "douyin-microapp",
        "own",
        MICROAPP,
        a_microapp_push({"FromUserName": "o-1", "MsgType": "text", "MsgId": 1}),
    ),
    (
        "douyin-microapp",
        "xml",
        MICROAPP,
        a_microapp_push(xml(FromUserName="o-1", MsgType="text"), blank=" ", as_xml=True),
    ),
    (
        "kuaishou",
        "own",
        KUAISHOU,
        a_kuaishou_push("AUTHORIZE", {"open_id": "o-1", "scope": ["user_info"]}),
    ),
    ("qq-bot", "own", QQ, a_qq_push("C2C_MESSAGE_CREATE", {"author": {"user_openid": "o-1"}})),
    ("wecom", "own", WECOM, a_wecom_callback(WECOM, Event="kf_msg_or_event", OpenKfId="wk1")),
    ("wecom", "provider", PROVIDER, a_wecom_callback(PROVIDER, InfoType="change_external_tag")),
    ("weibo", "own", WEIBO, a_weibo_push("event", "follow")),
    ("xiaohongshu-leads", "own", LEADS, a_lead()),
    ("xiaohongshu-miniapp", "own", MINIAPP, a_miniapp_push({"encrypt": "AAAA"})),
    ("youzan", "own", YOUZAN, a_youzan_push("trade_TradeCreate", {"full_order_info": {}})),
]
"""One accepted request of each at least: scheme, name, secrets, request."""
