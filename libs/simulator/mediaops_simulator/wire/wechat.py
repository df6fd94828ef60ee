"""WeChat official accounts: XML, in the open or encrypted, with SHA-1 over sorted parts."""

import base64
import hashlib
from random import Random

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from mediaops_simulator.company.acts import Act
from mediaops_simulator.company.cast import Account
from mediaops_simulator.wire.requests import Credentials, Request

__all__ = ["sign_wechat", "wechat_body"]

_BLOCK = 32

_EVENTS = {
    "follow.created": "subscribe",
    "follow.removed": "unsubscribe",
    "menu.clicked": "CLICK",
    "qrcode.scanned": "SCAN",
    "order.paid": "channels_ec_order_pay",
}


def wechat_body(act: Act, account: Account) -> str:
    """The message in plain, as XML. The three ids inside are what repeats are known by."""
    head = (
        f"<ToUserName><![CDATA[{account.external_id}]]></ToUserName>"
        f"<FromUserName><![CDATA[{act.person}]]></FromUserName>"
        f"<CreateTime>{act.at}</CreateTime>"
    )
    if act.type == "message.received":
        return (
            f"<xml>{head}<MsgType><![CDATA[text]]></MsgType>"
            f"<Content><![CDATA[{act.text}]]></Content><MsgId>{act.key}</MsgId></xml>"
        )
    event = _EVENTS.get(act.type, "some_event_of_next_year")
    return (
        f"<xml>{head}<MsgType><![CDATA[event]]></MsgType>"
        f"<Event><![CDATA[{event}]]></Event>{_detail(act)}</xml>"
    )


def _detail(act: Act) -> str:
    if act.type == "order.paid":
        return (
            f"<order_info><order_id>{act.detail}</order_id>"
            f"<pay_time>{act.at}</pay_time></order_info>"
        )
    return f"<EventKey><![CDATA[{act.detail}]]></EventKey>" if act.detail else ""


def sign_wechat(credentials: Credentials, rng: Random, now: int, message: str) -> Request:
    """The request at `now`. `rng` gives the nonce and, encrypted, the random prefix: both differ
    from one attempt to the next, as the platform's do."""
    timestamp, nonce = str(now), str(rng.randrange(10**9))
    params = {
        "signature": _sha1(credentials.secret, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
    }
    headers = {"content-type": "text/xml"}
    if not credentials.encoding_aes_key:
        return Request(message.encode(), headers, params)
    encrypted = _encrypt(credentials, rng.randbytes(16), message.encode())
    params["encrypt_type"] = "aes"
    params["msg_signature"] = _sha1(credentials.secret, timestamp, nonce, encrypted)
    body = f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    return Request(body.encode(), headers, params)


def _sha1(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # the platform's scheme


def _encrypt(credentials: Credentials, prefix: bytes, message: bytes) -> str:
    key = base64.b64decode(credentials.encoding_aes_key + "=")
    plain = prefix + len(message).to_bytes(4, "big") + message + credentials.app_id.encode()
    padding = _BLOCK - len(plain) % _BLOCK
    plain += bytes([padding]) * padding
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()
