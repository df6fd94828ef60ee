"""抖音开放平台: signed pushes of what people do with an account and its videos.

Source: developer.open-douyin.com, `dop/develop/webhooks/summarize` and `/event-list`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from mediaops_ingest.platforms import strict_json
from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.douyin_events import EVENTS, Push
from mediaops_ingest.platforms.port import (
    Answer,
    Context,
    Draft,
    Handshake,
    Item,
    Malformed,
    Request,
    SecretSet,
    Unmapped,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import BareDigest
from mediaops_ingest.platforms.pushes import json_request, object_of
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.verifying import (
    JsonVerifier,
    Proof,
    header_proof,
    secret_text,
)

__all__ = ["DouyinOpen"]

_HANDSHAKE = "verify_webhook"
_JSON = "application/json"


def _digest(secret: bytes) -> BareDigest:
    return BareDigest(hashlib.sha1, before=secret)


class DouyinOpenVerifier(JsonVerifier):
    accepted = Answer(200, b"{}", _JSON)
    """The platform asks for status 200 and does not read the body."""

    def proof_of(self, live: SecretSet) -> Proof | None:
        secret = secret_text(live, "client_secret")
        return header_proof(b"x-douyin-signature", _digest(secret).hex) if secret else None

    def judge(self, push: Any, verified: Verified) -> Verdict:
        if not isinstance(push.get("event"), str):
            return Malformed(400, "schema")
        if push["event"] != _HANDSHAKE:
            return verified
        content = _decoded(push.get("content"))
        challenge = content.get("challenge") if isinstance(content, dict) else None
        if not isinstance(challenge, int | str) or len(str(challenge)) > 256:
            return Malformed(400, "schema")
        return Handshake(Answer(200, canonical_json({"challenge": challenge}), _JSON))


class DouyinOpen:
    declaration = Declaration(
        name="douyin-open",
        title="抖音开放平台 webhooks",
        platform="douyin",
        keys=(Key("client_secret", "控制台 → 应用详情 → Client Secret"),),
        proofs=(frozenset({"client_secret"}),),
        proof="`X-Douyin-Signature`: hex SHA-1 of client_secret ‖ body, not an HMAC",
        handshake='event `verify_webhook`, signed too: answered with its own `{"challenge": …}`',
        answer="200 `{}`",
        known_by="the header `Msg-Id`",
        volatile=("log_id",),
        deadline_seconds=5.0,
        retries="3; an address that fails for long is unsubscribed without notice",
        lateness=timedelta(hours=24),
        meanings={name: event.types for name, event in EVENTS.items()},
        cannot=(
            "No time is signed, so a captured push is only known by its Msg-Id. Views are not "
            "pushed. The mobile number of a member stays in the delivery. Of 生活服务 the platform "
            "itself says that pushes may be lost, repeated or out of order; its SPI, which are "
            "signed by a rule of their own (`x-life-sign`), are not taken here."
        ),
        uncertain=(
            "Only `action_type` 1 is documented; every other value is read as taken back.",
            "`group_fans_event` is documented for joining; `event_type` 2 is read as leaving.",
        ),
        notes=(
            "控制台 → 开发配置 → Webhooks: enter the hook URL; the platform checks it at once.",
            "Subscribe to the events there; each needs its scope.",
        ),
    )

    def prepare(
        self, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> DouyinOpenVerifier:
        return DouyinOpenVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        push = object_of(request)
        push["content"] = _decoded(push.get("content"))
        kept = {key: value for key, value in push.items() if key != "log_id"}
        id_ = request.header(b"msg-id")
        has_id = id_ is not None and 0 < len(id_) <= 255 and id_.isascii()
        return [
            Item(
                index=0,
                dedup_key=id_.decode() if id_ is not None and has_id else None,
                canonical=canonical_json(kept),
                content=push,
            )
        ]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        name = item.content.get("event")
        event = EVENTS.get(name) if isinstance(name, str) else None
        if event is None:
            return [Unmapped(f"event {str(name)[:120]!r} is not known")]
        return [event.draft(Push(item.content, context))]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        body = canonical_json({"client_key": "", "content": {}, "event": "mediaops_test"})
        signature = _digest(str(secrets["client_secret"]).encode()).hex(body)
        return json_request(
            body, now, (b"msg-id", unique.encode()), (b"x-douyin-signature", signature)
        )


def _decoded(content: Any) -> Any:
    """The content, which is an object in one event and JSON text in the next."""
    if isinstance(content, str):
        with suppress(strict_json.NotStrict):
            return strict_json.decode(content.encode())
    return content
