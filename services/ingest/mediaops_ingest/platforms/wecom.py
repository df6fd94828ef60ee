"""企业微信: self-built applications and third-party providers, all of it encrypted.

Source: developer.work.weixin.qq.com, `document/path/90238`, `96466`, `92130`, `92277` and `97172`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from mediaops_ingest.platforms.declaration import Declaration, Key
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
from mediaops_ingest.platforms.sealed import Seal, opened_by
from mediaops_ingest.platforms.sorted_proofs import TOLERANCE, echo, time_fault
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.verifying import OneAnswer
from mediaops_ingest.platforms.wechat_messages import UnreadableMessage, parse
from mediaops_ingest.platforms.wecom_events import (
    MEANINGS,
    VOLATILE,
    draft_of,
    has_a_name,
    key_of,
)

__all__ = ["WeCom"]

_EMPTY = Answer(200, b"", "text/plain")
_SUCCESS = Answer(200, b"success", "text/plain")


def _seal(live: SecretSet) -> Seal:
    owners = [str(live[name]) for name in ("suite_id", "corp_id") if live.get(name)]
    return Seal(str(live["token"]), str(live["encoding_aes_key"]), *owners)


class WeComVerifier(OneAnswer):
    def __init__(self, secrets: Sequence[SecretSet]) -> None:
        self._seals = [_seal(live) for live in secrets]
        # A provider's callback takes anything but this text for an error.
        self.accepted = _SUCCESS if any(live.get("suite_id") for live in secrets) else _EMPTY

    def verify(self, request: Request) -> Verdict:
        parameters = request.parameters()
        fault = time_fault(parameters.get("timestamp"), parameters.get("nonce"), request.now)
        if fault:
            return fault
        sealed: Any = parameters.get("echostr")
        if request.method != "GET":
            try:
                sealed = parse(request.body).get("Encrypt")
            except UnreadableMessage as error:
                # The ciphertext that the proof is of would be inside.
                return Refused(error.reason)
        return self._open(request, parameters, sealed)

    def _open(self, request: Request, parameters: Mapping[str, str], sealed: Any) -> Verdict:
        refused: Verdict = Refused("signature")
        for place, seal in enumerate(self._seals):
            opened = seal.unseal(
                sealed,
                signature=parameters.get("msg_signature"),
                timestamp=parameters["timestamp"],
                nonce=parameters["nonce"],
            )
            if isinstance(opened, bytes):
                if request.method == "GET":
                    return echo(opened)
                return _fault(opened) or Verified(place)
            refused = opened if place == 0 else refused
        return refused


def _fault(opened: bytes) -> Malformed | None:
    try:
        return None if has_a_name(parse(opened)) else Malformed(400, "schema")
    except UnreadableMessage as error:
        return Malformed(400, error.reason)


class WeCom:
    declaration = Declaration(
        name="wecom",
        title="企业微信 (自建应用、第三方应用)",
        platform="wecom",
        keys=(
            Key("token", "应用 → 接收消息 → 设置API接收 → Token, 随机获取", is_ours=True),
            Key("encoding_aes_key", "EncodingAESKey on the same page, 43 characters", is_ours=True),
            Key("corp_id", "自建应用: 我的企业 → 企业信息 → 企业ID; 服务商: its own CorpID"),
            Key("suite_id", "第三方应用: 服务商后台 → 应用管理 → SuiteID"),
        ),
        proofs=(
            frozenset({"token", "encoding_aes_key", "corp_id"}),
            frozenset({"token", "encoding_aes_key", "suite_id"}),
        ),
        methods=frozenset({"GET", "POST"}),
        proof=(
            "the query's `msg_signature`: hex SHA-1 of the sorted token, timestamp, nonce and "
            "ciphertext; then the CorpID or SuiteID inside"
        ),
        tolerance=TOLERANCE,
        handshake=(
            "GET with an encrypted `echostr`: answered within 1 s with what is in it, as text; no "
            "database is asked for it"
        ),
        answer="200, empty; with a suite_id `success`",
        known_by=(
            "MsgId; events by Event, ChangeType, UserID, ExternalUserID or ChatId, UpdateDetail "
            "and CreateTime, and what else tells two of one second apart"
        ),
        volatile=("the random prefix", "timestamp", "nonce", "msg_signature", *VOLATILE),
        max_body=1_048_576,
        deadline_seconds=1.0,
        retries="3 tries, each after 5 s without an answer",
        lateness=timedelta(hours=24),
        meanings=MEANINGS,
        cannot=(
            "What is changed through the API itself is not pushed: reconcile by a nightly pull. "
            "Of customer service and of archived chats (会话内容存档) only that something came is "
            "told (`inbox.changed`): the messages are pulled. Members of a customer group come as "
            "a count, and their ids only where the platform lists them."
        ),
        notes=(
            "应用管理 → 自建应用 → 接收消息 → 设置API接收: enter the hook URL; saving checks it.",
            "客户联系 → API: allow the application to use 客户联系 and its events.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> WeComVerifier:
        return WeComVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        try:
            envelope = parse(request.body)
        except UnreadableMessage as error:
            raise Unreadable(error.reason) from None
        message = opened_by([_seal(known) for known in secrets], envelope)
        kept = {name: value for name, value in message.items() if name not in VOLATILE}
        return [
            Item(
                index=0,
                dedup_key=key_of(message),
                canonical=canonical_json(kept),
                content=message,
            )
        ]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        return [draft_of(item.content, context)]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        seal, stamp = _seal(secrets), str(int(now.timestamp()))
        message = {"MsgType": "event", "Event": "mediaops_test", "EventKey": unique}
        random = sha256(unique.encode()).digest()[:16]
        sealed = seal.cipher.encrypt(canonical_json(message), random)
        covering = sorted_sha1((seal.token, stamp, unique, sealed)).decode()
        query = {"msg_signature": covering, "timestamp": stamp, "nonce": unique}
        return json_request(canonical_json({"Encrypt": sealed}), now, query=query)
