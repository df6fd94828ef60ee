"""QQ 机器人: pushes signed with ed25519, by a key that is made of the bot's secret.

Source: bot.q.qq.com, `wiki/develop/api-v2/dev-prepare/interface-framework/event-emit.html`.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from mediaops_common.events.activity import Actor

from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.fields import id_of, key_of, present, text_of
from mediaops_ingest.platforms.port import (
    ActivityDraft,
    Answer,
    Context,
    Draft,
    Handshake,
    Item,
    Malformed,
    Refused,
    Request,
    SecretSet,
    Unmapped,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import is_signed_ed25519
from mediaops_ingest.platforms.pushes import inner, item_of, json_request, object_of
from mediaops_ingest.platforms.strict_json import NotStrict, canonical_json, decode
from mediaops_ingest.platforms.times import (
    first_believable,
    parse_rfc3339,
    seconds_or_milliseconds,
)
from mediaops_ingest.platforms.verifying import OneAnswer, is_within, json_of, secret_text

__all__ = ["QqBot"]

TOLERANCE = timedelta(seconds=300)
"""Our own rule: the platform signs the time and prescribes no width."""

_VALIDATION = 13
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}")
_STAMP = re.compile(r"[0-9]{1,20}")

_MESSAGES = frozenset({"C2C_MESSAGE_CREATE", "GROUP_AT_MESSAGE_CREATE"})
_TYPES = {
    **dict.fromkeys(sorted(_MESSAGES), "message.received"),
    "FRIEND_ADD": "follow.created",
    "FRIEND_DEL": "follow.removed",
    "GROUP_ADD_ROBOT": "group.created",
}


def _key(secret: bytes) -> Ed25519PrivateKey:
    """The bot's key: its seed is the secret, repeated until there are 32 bytes."""
    return Ed25519PrivateKey.from_private_bytes((secret * 32)[:32])


class QqBotVerifier(OneAnswer):
    accepted = Answer(200, b'{"op":12}', "application/json")

    def __init__(self, secrets: Sequence[SecretSet]) -> None:
        known = [secret_text(live, "app_secret") for live in secrets]
        self._keys = [(place, _key(secret)) for place, secret in enumerate(known) if secret]

    def verify(self, request: Request) -> Verdict:
        if not self._keys:
            return Refused("signature")
        signature = request.header(b"x-signature-ed25519")
        stamp = request.header(b"x-signature-timestamp")
        if not signature or not stamp:
            return self._validation(request) or Refused("header")
        if not is_within(stamp, request.now, TOLERANCE):
            return Refused("timestamp")
        for place, key in self._keys:
            if is_signed_ed25519(key.public_key(), signature, stamp, request.body):
                return self._read(request, Verified(place))
        return Refused("signature")

    def _read(self, request: Request, verified: Verified) -> Verdict:
        push = json_of(request, dict)
        if isinstance(push, Malformed):
            return push
        return self._validation(request) or verified

    def _validation(self, request: Request) -> Handshake | None:
        """The answer to op 13, which published examples do not sign: it proves who *we* are.

        What is signed for a stranger must never pass for a push, which is signed over timestamp
        and body in the same way. So the token may hold nothing that a JSON object begins with.
        """
        try:
            push = decode(request.body)
        except NotStrict:
            return None
        if not isinstance(push, dict) or push.get("op") != _VALIDATION:
            return None
        asked = inner(push, "d")
        token, stamp = asked.get("plain_token"), asked.get("event_ts")
        if not isinstance(token, str) or not isinstance(stamp, str):
            return None
        if not _TOKEN.fullmatch(token) or not _STAMP.fullmatch(stamp):
            return None
        signature = self._keys[0][1].sign(f"{stamp}{token}".encode()).hex()
        body = canonical_json({"plain_token": token, "signature": signature})
        return Handshake(Answer(200, body, "application/json"))


class QqBot:
    declaration = Declaration(
        name="qq-bot",
        title="QQ 机器人",
        platform="qq",
        keys=(Key("app_secret", "QQ 开放平台 → 机器人 → 开发设置 → AppSecret (机器人密钥)"),),
        proofs=(frozenset({"app_secret"}),),
        proof=(
            "`X-Signature-Ed25519`: hex ed25519 of `X-Signature-Timestamp` ‖ body; the key's seed "
            "is app_secret repeated to 32 bytes"
        ),
        tolerance=TOLERANCE,
        handshake="op 13: answered with plain_token and the signature of event_ts ‖ plain_token",
        answer='200 `{"op":12}`',
        known_by="`id`",
        deadline_seconds=3.0,
        retries="not stated on any page at hand",
        lateness=timedelta(hours=24),
        meanings={name: (type_,) for name, type_ in _TYPES.items()},
        cannot=(
            "In a group only messages that name the bot are pushed. Who joins or leaves a group is "
            "not."
        ),
        uncertain=(
            "The rule of the signature is repeated in many public tests; the page itself was not "
            "at hand.",
            "`FRIEND_ADD` and `FRIEND_DEL` are read as following and unfollowing the bot, and "
            "`GROUP_ADD_ROBOT` as a group that begins.",
            "Published examples of op 13 carry no signature, so that none is asked of it.",
        ),
        notes=(
            "QQ 开放平台 → 机器人 → 开发 → 回调配置: enter the hook URL; it is checked with op 13.",
            "Choose the events there: 单聊, 群聊.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> QqBotVerifier:
        return QqBotVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        push = object_of(request)
        return [item_of(push, key=key_of(push.get("id")))]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        name, told = str(item.content.get("t")), inner(item.content, "d")
        if name not in _TYPES:
            return [Unmapped(f"t {name[:120]!r} is not known")]
        author = inner(told, "author")
        who = _first(author, "member_openid", "user_openid") or _first(
            told, "openid", "op_member_openid"
        )
        moment = told.get("timestamp")
        return [
            ActivityDraft(
                type=_TYPES[name],
                actor=Actor(external_id=who, id_scope=context.id_scope) if who else None,
                occurred_at=first_believable(
                    context.received_at, parse_rfc3339(moment), seconds_or_milliseconds(moment)
                ),
                text=text_of(told.get("content"), limit=20_000) if name in _MESSAGES else None,
                context=present(
                    event=name,
                    message_id=text_of(told.get("id")) if name in _MESSAGES else None,
                    group_id=text_of(told.get("group_openid")),
                ),
            )
        ]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        body = canonical_json({"d": {}, "id": unique, "op": 0, "t": "TEST_BY_MEDIAOPS"})
        stamp = str(int(now.timestamp())).encode()
        key = _key(str(secrets["app_secret"]).encode())
        signature = key.sign(stamp + body).hex().encode()
        return json_request(
            body, now, (b"x-signature-timestamp", stamp), (b"x-signature-ed25519", signature)
        )


def _first(fields: Mapping[str, Any], *names: str) -> str | None:
    return next(filter(None, (id_of(fields.get(name), name) for name in names)), None)
