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
    Refused,
    Request,
    SecretSet,
    Unmapped,
    Unreadable,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import same, secret_first_digest
from mediaops_ingest.platforms.strict_json import canonical_json

__all__ = ["DouyinOpen"]

_ACCEPTED = Answer(200, b"{}", "application/json")
"""The platform asks for status 200 and does not read the body."""

_HANDSHAKE = "verify_webhook"
_JSON = "application/json"


class DouyinOpenVerifier:
    def __init__(self, secrets: Sequence[str | None]) -> None:
        self._digests = [
            (secret_first_digest(hashlib.sha1, secret.encode()), Verified(place))
            for place, secret in enumerate(secrets)
            if secret
        ]

    def verify(self, request: Request) -> Verdict:
        signature = request.header(b"x-douyin-signature")
        if not signature:
            return Refused("header")
        for digest, verified in self._digests:
            if same(digest(request.body), signature):
                return self._read(request, verified)
        return Refused("signature")

    def _read(self, request: Request, verified: Verified) -> Verdict:
        try:
            push = strict_json.decode(request.body)
            if not isinstance(push, dict) or not isinstance(push.get("event"), str):
                return Malformed(400, "schema")
            if push["event"] != _HANDSHAKE:
                return verified
        except strict_json.NotStrict:
            return Malformed(400, "json")
        content = _decoded(push.get("content"))
        challenge = content.get("challenge") if isinstance(content, dict) else None
        if not isinstance(challenge, int | str) or len(str(challenge)) > 256:
            return Malformed(400, "schema")
        return Handshake(Answer(200, canonical_json({"challenge": challenge}), _JSON))

    def answer(self, request: Request, verified: Verified) -> Answer:
        return _ACCEPTED


class DouyinOpen:
    declaration = Declaration(
        name="douyin-open",
        title="抖音开放平台 webhooks",
        platform="douyin",
        keys=(Key("client_secret", "控制台 → 应用详情 → Client Secret"),),
        proofs=(frozenset({"client_secret"}),),
        volatile=("log_id",),
        deadline_seconds=5.0,
        retries="3; an address that fails for long is unsubscribed without notice",
        lateness=timedelta(hours=24),
        tells=tuple(sorted({type_ for event in EVENTS.values() for type_ in event.types})),
        cannot=(
            "No time is signed, so a captured push is only known by its Msg-Id. Values of "
            "action_type other than 1, and who leaves a fan group, are not documented."
        ),
        notes=(
            "控制台 → 开发配置 → Webhooks: enter the hook URL; the platform checks it at once.",
            "Subscribe to the events there; each needs its scope.",
        ),
    )

    def prepare(
        self, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> DouyinOpenVerifier:
        given = [live.get("client_secret") for live in secrets]
        return DouyinOpenVerifier([one if isinstance(one, str) else None for one in given])

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        try:
            push = strict_json.decode(request.body)
        except strict_json.NotStrict as error:
            raise Unreadable(str(error)) from None
        if not isinstance(push, dict):
            raise Unreadable("the body is not an object")
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
        secret = str(secrets["client_secret"]).encode()
        return Request(
            method="POST",
            headers=(
                (b"content-type", b"application/json"),
                (b"msg-id", unique.encode()),
                (b"x-douyin-signature", secret_first_digest(hashlib.sha1, secret)(body)),
            ),
            body=body,
            now=now,
        )


def _decoded(content: Any) -> Any:
    """The content, which is an object in one event and JSON text in the next."""
    if isinstance(content, str):
        with suppress(strict_json.NotStrict):
            return strict_json.decode(content.encode())
    return content
