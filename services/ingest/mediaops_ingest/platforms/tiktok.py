"""TikTok for Developers, and TikTok Business Messaging, which signs alike.

Source: developers.tiktok.com, `doc/webhooks-verification`, `-events` and `-overview`.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from mediaops_ingest.platforms import strict_json
from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.fields import actor_of, key_of, present, text_of
from mediaops_ingest.platforms.port import (
    ActivityDraft,
    Context,
    Draft,
    Item,
    Request,
    SecretSet,
    Unmapped,
)
from mediaops_ingest.platforms.pushes import inner, json_request, object_of
from mediaops_ingest.platforms.signed_time import TOLERANCE, signed_time, signed_time_proof
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import first_believable, seconds_or_milliseconds
from mediaops_ingest.platforms.verifying import (
    JsonVerifier,
    Proof,
    secret_text,
)

__all__ = ["TikTok"]

_TOLD = ("event", "user_openid", "create_time", "content")
"""What the platform's page names as an event: the rest may be another in a repeat."""


class TikTokVerifier(JsonVerifier):
    def proof_of(self, live: SecretSet) -> Proof | None:
        secret = secret_text(live, "client_secret")
        if secret is None:
            return None
        return signed_time_proof(secret, header=b"tiktok-signature", signature=b"s")


class TikTok:
    declaration = Declaration(
        name="tiktok",
        title="TikTok for Developers webhooks",
        platform="tiktok",
        keys=(Key("client_secret", "TikTok for Developers → Manage apps → Client secret"),),
        proofs=(frozenset({"client_secret"}),),
        proof="TikTok-Signature: t=,s= with s the hex HMAC-SHA256 of t.body",
        tolerance=TOLERANCE,
        answer="200, empty",
        known_by=(
            "`message_id` of a message; else a digest of event, user_openid, create_time, content"
        ),
        volatile=("client_key",),
        deadline_seconds=5.0,
        retries="with a growing pause for up to 72 h",
        comes_again=True,
        lateness=timedelta(hours=72),
        meanings={
            "video.publish.completed": ("video.published",),
            "video.upload.failed": ("video.publish_failed",),
            "authorization.removed": ("account.deauthorized",),
            "im_receive_msg": ("message.received",),
        },
        cannot="Who watched, liked or followed: TikTok pushes none of it.",
        uncertain=(
            "Whether a repeat brings a new t is not documented: one that is older than five "
            "minutes is refused.",
            "The content of im_receive_msg is taken from public integrations.",
        ),
        notes=(
            "Manage apps → your app → Webhooks: enter the hook URL as Callback URL.",
            "The address must be public and https.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> TikTokVerifier:
        return TikTokVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        event = object_of(request)
        if isinstance(event.get("content"), str):
            with suppress(strict_json.NotStrict):
                event["content"] = strict_json.decode(event["content"].encode())
        told = {name: event[name] for name in _TOLD if name in event}
        if len(told) < len(_TOLD):
            # Of another form, as the events of others that sign alike: nothing in it is known to
            # change, and without the rest two of them could look like one.
            told = {name: value for name, value in event.items() if name != "client_key"}
        return [
            Item(
                index=0,
                dedup_key=key_of(inner(event, "content").get("message_id")),
                canonical=canonical_json(told),
                content=event,
                time=seconds_or_milliseconds(event.get("create_time")),
            )
        ]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        name = item.content.get("event")
        draft = _EVENTS.get(name) if isinstance(name, str) else None
        if draft is None:
            return [Unmapped(f"event {str(name)[:120]!r} is not known")]
        return [draft(item, context)]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        body = canonical_json({"event": "mediaops_test", "content": "{}", "user_openid": unique})
        secret = str(secrets["client_secret"]).encode()
        signature = signed_time(secret, body, now, signature=b"s")
        return json_request(body, now, (b"tiktok-signature", signature))


def _of_account(type_: str) -> Callable[[Item, Context], Draft]:
    """The user_openid is the account that authorised us: the channel itself."""

    def draft(item: Item, context: Context) -> Draft:
        event = item.content
        content = inner(event, "content")
        return ActivityDraft(
            type=type_,
            occurred_at=first_believable(context.received_at, item.time),
            actor=actor_of(event.get("user_openid"), "user_openid", context),
            context=present(
                share_id=text_of(content.get("share_id")), reason=text_of(content.get("reason"))
            ),
            by_channel=True,
        )

    return draft


def _message(item: Item, context: Context) -> Draft:
    content = inner(item.content, "content")
    sender = inner(content, "from_user").get("id") or content.get("from")
    return ActivityDraft(
        type="message.received",
        occurred_at=first_believable(
            context.received_at, seconds_or_milliseconds(content.get("timestamp")), item.time
        ),
        actor=actor_of(sender, "content.from", context, name=content.get("from")),
        text=text_of(inner(content, "text").get("body"), limit=20_000),
        context=present(
            message_id=text_of(content.get("message_id")),
            message_type=text_of(content.get("type")),
            conversation_id=text_of(content.get("conversation_id")),
        ),
    )


_EVENTS: dict[str, Callable[[Item, Context], Draft]] = {
    "video.publish.completed": _of_account("video.published"),
    "video.upload.failed": _of_account("video.publish_failed"),
    "authorization.removed": _of_account("account.deauthorized"),
    "im_receive_msg": _message,
}
