"""抖音小程序: encrypted pushes, whose signature travels inside the body.

Source: public test data of an SDK; the envelope is that of 微信, with 32 random bytes instead of
16.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.fields import text_of
from mediaops_ingest.platforms.port import (
    Answer,
    Context,
    Draft,
    Item,
    Malformed,
    Refused,
    Request,
    SecretSet,
    Unmapped,
    Unreadable,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import sorted_sha1
from mediaops_ingest.platforms.pushes import json_request
from mediaops_ingest.platforms.sealed import Seal, opened_by
from mediaops_ingest.platforms.sorted_proofs import TOLERANCE, time_fault
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.verifying import OneAnswer
from mediaops_ingest.platforms.wechat_events import MESSAGES, received
from mediaops_ingest.platforms.wechat_messages import UnreadableMessage, fault_of, key_of, parse

__all__ = ["DouyinMicroapp"]

_RANDOM = 32


def _seal(live: SecretSet) -> Seal:
    token, key, app_id = (str(live[name]) for name in ("token", "encoding_aes_key", "app_id"))
    return Seal(token, key, app_id, random_bytes=_RANDOM)


class DouyinMicroappVerifier(OneAnswer):
    accepted = Answer(200, b"success", "text/plain")

    def __init__(self, secrets: Sequence[SecretSet]) -> None:
        self._seals = [_seal(live) for live in secrets]

    def verify(self, request: Request) -> Verdict:
        try:
            # In a published sample the ciphertext ends with a blank, which is signed.
            envelope = parse(request.body, strip=False)
        except UnreadableMessage as error:
            # The proof would be inside.
            return Refused(error.reason)
        timestamp, nonce, given, sealed = (
            envelope.get(name) for name in ("TimeStamp", "Nonce", "MsgSignature", "Encrypt")
        )
        timestamp, nonce = text_of(timestamp), text_of(nonce)
        fault = time_fault(timestamp, nonce, request.now)
        if fault:
            return fault
        refused: Verdict = Refused("signature")
        for place, seal in enumerate(self._seals):
            opened = seal.unseal(
                sealed, signature=text_of(given), timestamp=timestamp or "", nonce=nonce or ""
            )
            if isinstance(opened, bytes):
                return _fault(opened) or Verified(place)
            refused = opened if place == 0 else refused
        return refused


def _fault(opened: bytes) -> Malformed | None:
    try:
        return fault_of(parse(opened))
    except UnreadableMessage as error:
        return Malformed(400, error.reason)


class DouyinMicroapp:
    declaration = Declaration(
        name="douyin-microapp",
        title="抖音小程序 加密消息推送",
        platform="douyin",
        keys=(
            Key("token", "抖音开放平台 → 小程序 → 开发 → 消息推送 → Token", is_ours=True),
            Key("encoding_aes_key", "消息加密密钥 (EncodingAESKey), 43 characters", is_ours=True),
            Key("app_id", "小程序 AppID, or the AppID of the 第三方平台"),
        ),
        proofs=(frozenset({"token", "encoding_aes_key", "app_id"}),),
        proof=(
            "`MsgSignature` in the body: hex SHA-1 of the sorted token, TimeStamp, Nonce and "
            "Encrypt; then the app_id inside"
        ),
        tolerance=TOLERANCE,
        answer="200 `success`",
        known_by=(
            "MsgId; else FromUserName, CreateTime, Event or MsgType, EventKey and MsgID together"
        ),
        volatile=("the random prefix", "TimeStamp", "Nonce", "MsgSignature"),
        max_body=1_048_576,
        deadline_seconds=5.0,
        retries="not stated on any page at hand",
        lateness=timedelta(hours=24),
        meanings={
            "text, image, voice, video, shortvideo, location, link": ("message.received",),
        },
        cannot=(
            "Only messages of users are read; tickets and all else are kept as unmapped, and the "
            "ticket itself goes no further than the delivery."
        ),
        uncertain=(
            "The envelope is known from published test data alone.",
            "The limit for an answer, the answer and the repeats are not stated: as at 微信, 5 s "
            "and `success`.",
        ),
        notes=(
            "小程序 → 开发 → 消息推送: enter the hook URL, the token and the EncodingAESKey.",
            "Enter all three values here as well, with the AppID.",
        ),
    )

    def prepare(
        self, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> DouyinMicroappVerifier:
        return DouyinMicroappVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        try:
            envelope = parse(request.body, strip=False)
        except UnreadableMessage as error:
            raise Unreadable(error.reason) from None
        message = opened_by([_seal(known) for known in secrets], envelope)
        return [
            Item(
                index=0,
                dedup_key=key_of(message),
                canonical=canonical_json(message),
                content=message,
            )
        ]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        kind = (text_of(item.content.get("MsgType")) or "").lower()
        if kind in MESSAGES:
            return [received(kind, item.content, context)]
        return [Unmapped(f"MsgType {kind[:120]!r} is not known")]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        seal, stamp = _seal(secrets), str(int(now.timestamp()))
        message = {"FromUserName": unique, "MsgType": "mediaops_test", "CreateTime": int(stamp)}
        sealed = seal.cipher.encrypt(canonical_json(message), sha256(unique.encode()).digest())
        envelope = {
            "Encrypt": sealed,
            "MsgSignature": sorted_sha1((seal.token, stamp, unique, sealed)).decode(),
            "Nonce": unique,
            "TimeStamp": stamp,
        }
        return json_request(canonical_json(envelope), now)
