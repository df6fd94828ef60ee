"""哔哩哔哩开放平台 WebHooks: unsigned, so that the hook's key is the capability.

Source: mirrors of the platform's pages; no signature is described on them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mediaops_common.events.activity import Actor

from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.fields import id_of, present, text_of
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
)
from mediaops_ingest.platforms.pushes import inner, item_of, json_request, object_of
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import first_believable, parse_beijing
from mediaops_ingest.platforms.verifying import OneAnswer, OptionalBearer, json_of

__all__ = ["Bilibili"]

_HANDSHAKE = "verify_webhooks"

_TYPES = {
    "authorize": "account.authorized",
    "deauthorize": "account.deauthorized",
    "video_open": "video.published",
    "video_fail": "video.publish_failed",
}


class BilibiliVerifier(OneAnswer):
    accepted = Answer(200, b"{}", "application/json")

    def __init__(self, bearer: OptionalBearer) -> None:
        self._bearer = bearer

    def verify(self, request: Request) -> Verdict:
        verified = self._bearer.proved(request)
        if verified is None:
            return Refused("auth")
        push = json_of(request, dict)
        if isinstance(push, Malformed):
            return push
        # Without a signature the form is all that can be checked, and so it is.
        event, content = push.get("event"), push.get("content")
        if not isinstance(event, str) or not event or not isinstance(content, dict):
            return Malformed(400, "schema")
        if event != _HANDSHAKE:
            return verified
        challenge = content.get("data")
        if not isinstance(challenge, int | str) or len(str(challenge)) > 256:
            return Malformed(400, "schema")
        return Handshake(Answer(200, canonical_json({"data": challenge}), "application/json"))


class Bilibili:
    declaration = Declaration(
        name="bilibili",
        title="哔哩哔哩开放平台 WebHooks",
        platform="bilibili",
        keys=(
            Key(
                "bearer",
                "Optional: required of every request once set; append ?access_token=… to the URL",
                is_ours=True,
            ),
        ),
        hidden_headers=OptionalBearer.HIDDEN_HEADERS,
        hidden_parameters=OptionalBearer.HIDDEN_PARAMETERS,
        proof=(
            "None: the hook URL is the capability. Once a `bearer` is set, every request needs it "
            "as the query's `access_token`, or as `Authorization: Bearer`."
        ),
        handshake='event `verify_webhooks`: answered with its own `{"data": …}`',
        answer="200 `{}`",
        known_by="an equal body",
        deadline_seconds=5.0,
        retries="not stated on any page at hand",
        lateness=timedelta(hours=24),
        meanings={name: (type_,) for name, type_ in _TYPES.items()},
        cannot=(
            "Whoever knows the URL can send. Take each event for a hint, and confirm it with a "
            "signed call to the platform before money depends on it. Live rooms push through a "
            "websocket of their own, not here. No likes, comments or views: those are pulled."
        ),
        uncertain=(
            "That there is no signature is what the mirrors of the platform's pages show.",
            "Of the content of `video_open` and `video_fail` only openid is known; `resource_id` "
            "is taken for the video.",
            "The limit for an answer and its repeats are not stated; 5 s is assumed.",
        ),
        notes=(
            "哔哩哔哩开放平台 → 应用管理 → WebHooks: enter the hook URL; it is checked at once.",
            "Set a bearer on the source and append ?access_token=… to the URL.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> BilibiliVerifier:
        return BilibiliVerifier(OptionalBearer(secrets))

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        return [item_of(object_of(request), key=None)]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        event = str(item.content.get("event"))
        if event not in _TYPES:
            return [Unmapped(f"event {event[:120]!r} is not known")]
        content = inner(item.content, "content")
        # A published sample has a blank after its openid, which text_of takes away.
        open_id = id_of(content.get("openid"), "content.openid")
        return [
            ActivityDraft(
                type=_TYPES[event],
                actor=Actor(external_id=open_id, id_scope=context.id_scope) if open_id else None,
                content=id_of(content.get("resource_id"), "content.resource_id"),
                occurred_at=first_believable(
                    context.received_at, parse_beijing(item.content.get("timestamp"))
                ),
                context=present(permits=text_of(content.get("permits"), limit=2048)),
                by_channel=True,
            )
        ]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        bearer = secrets.get("bearer")
        proof = [(b"authorization", f"Bearer {bearer}".encode())] if bearer else []
        body = canonical_json({"content": {"test": unique}, "event": "mediaops_test"})
        return json_request(body, now, *proof)
