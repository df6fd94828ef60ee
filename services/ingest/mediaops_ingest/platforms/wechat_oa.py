"""微信公众号: plain, compatible and safe mode, XML or JSON, with the echostr handshake.

Source: developers.weixin.qq.com, `doc/subscription/guide/dev/push/encryption.html`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

from mediaops_ingest.platforms.declaration import BadSetting, Declaration, Key, generate_token
from mediaops_ingest.platforms.port import (
    Answer,
    Context,
    Draft,
    Item,
    Malformed,
    Refused,
    Request,
    SecretSet,
    Unreadable,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import sorted_sha1
from mediaops_ingest.platforms.pushes import json_request
from mediaops_ingest.platforms.sorted_proofs import TOLERANCE, echo, is_signed, time_fault
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.verifying import OneAnswer
from mediaops_ingest.platforms.wechat_crypto import Undecipherable, WeChatCipher
from mediaops_ingest.platforms.wechat_events import MEANINGS, draft_of
from mediaops_ingest.platforms.wechat_messages import UnreadableMessage, fault_of, key_of, parse

__all__ = ["WeChatOfficialAccount"]


class _Account:
    """One live secret set."""

    def __init__(self, secrets: SecretSet, config: Mapping[str, Any]) -> None:
        self.token = str(secrets["token"])
        self.mode = config.get("mode") or secrets.get("mode") or "compatible"
        key, app_id = secrets.get("encoding_aes_key"), secrets.get("app_id")
        self.cipher: WeChatCipher | None = None
        if isinstance(key, str) and isinstance(app_id, str):
            self.cipher = _cipher(key, app_id)

    def verify(self, request: Request, parameters: Mapping[str, str]) -> Verdict | None:
        """None when all is right and there is something to store."""
        timestamp, nonce = parameters.get("timestamp", ""), parameters.get("nonce", "")
        signed_plainly = is_signed(parameters.get("signature"), self.token, timestamp, nonce)
        if request.method == "GET":
            return echo(parameters.get("echostr")) if signed_plainly else Refused("signature")
        if not signed_plainly and "msg_signature" not in parameters:
            return Refused("signature")
        try:
            envelope = parse(request.body)
        except UnreadableMessage as error:
            return Malformed(400, error.reason) if signed_plainly else Refused("signature")
        if self._is_sealed(parameters, envelope):
            return self._verify_sealed(parameters, envelope)
        if self.mode == "safe":
            return Refused("mode")
        return fault_of(envelope) if signed_plainly else Refused("signature")

    def _is_sealed(self, parameters: Mapping[str, str], envelope: Mapping[str, Any]) -> bool:
        """Whether to decide on the ciphertext. In compatible mode the message is there twice, and
        only its sealed form is covered by a signature."""
        if self.mode == "plain" or (self.cipher is None and "MsgType" in envelope):
            return False
        return "Encrypt" in envelope or parameters.get("encrypt_type", "raw") != "raw"

    def _verify_sealed(
        self, parameters: Mapping[str, str], envelope: Mapping[str, Any]
    ) -> Verdict | None:
        given, sealed = parameters.get("msg_signature"), envelope.get("Encrypt")
        if not given:
            return Refused("header")
        if self.cipher is None:
            return Refused("mode")
        if not isinstance(sealed, str):
            return Refused("schema")
        timestamp, nonce = parameters.get("timestamp", ""), parameters.get("nonce", "")
        if not is_signed(given, self.token, timestamp, nonce, sealed):
            return Refused("signature")
        try:
            return fault_of(parse(self.cipher.decrypt(sealed)))
        except Undecipherable as error:
            return Refused(error.reason)
        except UnreadableMessage as error:
            return Malformed(400, error.reason)

    def open(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """The message in an envelope that was verified.

        Raises `Undecipherable` and `UnreadableMessage`.
        """
        if (
            self.cipher is None
            or self.mode == "plain"
            or not isinstance(envelope.get("Encrypt"), str)
        ):
            if "MsgType" not in envelope:
                raise Undecipherable("no key")
            # Its sealed form beside it is another with every repeat.
            return {name: value for name, value in envelope.items() if name != "Encrypt"}
        return parse(self.cipher.decrypt(envelope["Encrypt"]))


class WeChatVerifier(OneAnswer):
    accepted = Answer(200, b"success", "text/plain")
    """In the encrypted modes too: only a reply to the fan would be encrypted."""

    def __init__(self, accounts: Sequence[_Account]) -> None:
        self._accounts = accounts

    def verify(self, request: Request) -> Verdict:
        if request.method not in ("GET", "POST"):
            return Refused("method")
        parameters = request.parameters()
        fault = time_fault(parameters.get("timestamp"), parameters.get("nonce"), request.now)
        if fault:
            return fault
        refused: Verdict = Refused("signature")
        for place, account in enumerate(self._accounts):
            verdict = account.verify(request, parameters)
            if not isinstance(verdict, Refused):
                return verdict or Verified(place)
            refused = verdict if place == 0 else refused
        return refused


class WeChatOfficialAccount:
    declaration = Declaration(
        name="wechat-oa",
        title="微信公众号 (服务号、订阅号)",
        platform="wechat-oa",
        keys=(
            Key("token", "设置与开发 → 基本配置 → 令牌 (Token)", generate=generate_token),
            Key("app_id", "开发者ID (AppID); needed in 安全模式 and 兼容模式"),
            Key("encoding_aes_key", "消息加解密密钥 (EncodingAESKey), 43 characters", is_ours=True),
            Key(
                "mode",
                "消息加解密方式; safe refuses whatever is not encrypted",
                choices=("plain", "compatible", "safe"),
                is_setting=True,
            ),
        ),
        proofs=(frozenset({"token"}),),
        together=(frozenset({"app_id", "encoding_aes_key"}),),
        methods=frozenset({"GET", "POST"}),
        proof=(
            "`msg_signature`: hex SHA-1 of the sorted token, timestamp, nonce and Encrypt; in "
            "明文模式 `signature`, which leaves out the body"
        ),
        tolerance=TOLERANCE,
        handshake="GET with `signature` and `echostr`: answered with echostr as text",
        answer="200 `success`",
        known_by=(
            "MsgId; events by FromUserName, CreateTime, Event, EventKey, MsgID, publish_id and "
            "order_id together"
        ),
        volatile=("the random prefix", "timestamp", "nonce", "signature", "msg_signature"),
        max_body=1_048_576,
        deadline_seconds=5.0,
        retries="3, each after 5 s without an answer, with a new timestamp, nonce and signature",
        lateness=timedelta(hours=24),
        meanings=MEANINGS,
        cannot=(
            "In 明文模式 the signature does not cover the body. Locations of fans are counted, not "
            "kept. Pictures, voices and videos come as a MediaId that expires: fetch them early. "
            "No reads, likes or comments of articles: those are pulled."
        ),
        uncertain=(
            "The event of a finished publication is PUBLISHJOBFINISH in integrations and "
            "FREEPUBLISHJOBFINISH in published samples: both are read.",
        ),
        notes=(
            "设置与开发 → 基本配置 → 服务器配置: enter the hook URL and the token.",
            "Choose 安全模式, enter the EncodingAESKey here too, and set mode to safe.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> WeChatVerifier:
        accounts = [_Account(live, config) for live in secrets]
        # An older set without a key proves nothing in safe mode; the newest one has to.
        if accounts and accounts[0].mode == "safe" and accounts[0].cipher is None:
            raise BadSetting("secrets.encoding_aes_key", "is required in safe mode")
        return WeChatVerifier(accounts)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        try:
            message = self._message(parse(request.body), secrets, config)
        except UnreadableMessage as error:
            raise Unreadable(error.reason) from None
        return [
            Item(
                index=0,
                dedup_key=key_of(message),
                canonical=canonical_json(message),
                content=message,
            )
        ]

    def _message(
        self,
        envelope: dict[str, Any],
        secrets: Sequence[SecretSet],
        config: Mapping[str, Any],
    ) -> dict[str, Any]:
        problem = "no secrets"
        for known in secrets:
            try:
                return _Account(known, config).open(envelope)
            except Undecipherable as error:
                problem = error.reason
        raise Unreadable(problem)

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        return [draft_of(item.content, context)]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        seconds = int(now.timestamp())
        message = {
            "ToUserName": "mediaops",
            "FromUserName": "mediaops",
            "CreateTime": seconds,
            "MsgType": "event",
            "Event": "mediaops_test",
            "EventKey": unique,
        }
        account, body = _Account(secrets, config), canonical_json(message)
        timestamp, nonce = str(seconds), unique
        signature = sorted_sha1((account.token, timestamp, nonce)).decode()
        query = {"signature": signature, "timestamp": timestamp, "nonce": nonce}
        if account.cipher is not None and account.mode != "plain":
            sealed = account.cipher.encrypt(body, sha256(unique.encode()).digest()[:16])
            covering = sorted_sha1((account.token, timestamp, nonce, sealed)).decode()
            query |= {"encrypt_type": "aes", "msg_signature": covering}
            body = canonical_json({"ToUserName": "mediaops", "Encrypt": sealed})
        return json_request(body, now, query=query)


@lru_cache(maxsize=1024)
def _cipher(key: str, app_id: str) -> WeChatCipher:
    return WeChatCipher(key, app_id)
