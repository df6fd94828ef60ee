"""Discord: interactions of an application, and its webhook events.

Source: discord.com/developers, `interactions/overview` and `events/webhook-events`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mediaops_ingest.platforms.declaration import BadSetting, Declaration, Key
from mediaops_ingest.platforms.fields import actor_of, key_of, present, text_of
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
from mediaops_ingest.platforms.pushes import inner, object_of
from mediaops_ingest.platforms.signed_time import TOLERANCE
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import first_believable, parse_utc
from mediaops_ingest.platforms.verifying import (
    JsonVerifier,
    Proof,
    is_within,
    secret_text,
)

__all__ = ["Discord"]

_JSON = "application/json"
_PONG = Answer(200, b'{"type":1}', _JSON)
_NOTHING = Answer(204, content_type=_JSON)
"""Empty, and with a content type all the same: the page asks for a valid one."""
_SEEN = Answer(200, canonical_json({"type": 4, "data": {"content": "✓", "flags": 64}}), _JSON)
"""A message that only who asked can see: an interaction must be answered with one."""
_ANSWERS = {
    3: Answer(200, b'{"type":6}', _JSON),
    4: Answer(200, b'{"type":8,"data":{"choices":[]}}', _JSON),
}
_INTERACTIONS = {2: "message.received", 3: "menu.clicked", 5: "message.received"}
_EVENTS = {
    "APPLICATION_AUTHORIZED": "account.authorized",
    "APPLICATION_DEAUTHORIZED": "account.deauthorized",
}


class DiscordVerifier(JsonVerifier):
    def proof_of(self, live: SecretSet) -> Proof | None:
        text = secret_text(live, "public_key_hex")
        if text is None:
            return None
        key = _key(text)

        def proof(request: Request) -> Refused | None:
            signature = request.header(b"x-signature-ed25519")
            timestamp = request.header(b"x-signature-timestamp")
            if not signature or not timestamp:
                return Refused("header")
            if not is_signed_ed25519(key, signature, timestamp, request.body):
                return Refused("signature")
            fresh = is_within(timestamp, request.now, TOLERANCE)
            return None if fresh else Refused("timestamp")

        return proof

    def judge(self, push: Any, verified: Verified) -> Verdict:
        if type(push.get("type")) is not int:
            return Malformed(400, "schema")
        if push["type"] == 0:
            return Handshake(_NOTHING)
        if push["type"] == 1 and not _is_event(push):
            return Handshake(_PONG)
        return verified

    def answer(self, request: Request, verified: Verified) -> Answer:
        body = object_of(request)
        return _NOTHING if _is_event(body) else _ANSWERS.get(body["type"], _SEEN)


class Discord:
    declaration = Declaration(
        name="discord",
        title="Discord interactions and webhook events",
        platform="discord",
        keys=(Key("public_key_hex", "Developer Portal → General Information → Public Key"),),
        proofs=(frozenset({"public_key_hex"}),),
        proof="`X-Signature-Ed25519`: hex ed25519 of `X-Signature-Timestamp` and the body",
        tolerance=TOLERANCE,
        handshake=(
            'PING: of interactions (type 1) answered with `{"type":1}`, of webhook events (type 0) '
            "with 204. Discord also sends wrong signatures, and wants 401."
        ),
        answer='an interaction: `{"type":4}` with a ✓ that only its sender sees; an event: 204',
        known_by="`id` of an interaction; a digest of an event, which has no id",
        volatile=("token",),
        deadline_seconds=3.0,
        retries="of events with a growing pause for 10 minutes; of interactions none",
        lateness=timedelta(hours=24),
        meanings={
            "application command, modal": ("message.received",),
            "message component": ("menu.clicked",),
            "APPLICATION_AUTHORIZED": ("account.authorized",),
            "APPLICATION_DEAUTHORIZED": ("account.deauthorized",),
        },
        cannot="What is said in a server: that comes through the gateway, not through webhooks.",
        notes=(
            "General Information → Interactions Endpoint URL: the hook URL, checked when saved.",
            "Webhooks → Endpoint: the same or another hook URL; choose the events.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> DiscordVerifier:
        return DiscordVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        body = object_of(request)
        kept = {name: value for name, value in body.items() if name != "token"}
        return [
            Item(
                index=0,
                dedup_key=None if _is_event(body) else key_of(body.get("id")),
                canonical=canonical_json(kept),
                content=kept,
                time=parse_utc(inner(body, "event").get("timestamp")),
            )
        ]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        body = item.content
        if _is_event(body):
            return [_event(item, inner(body, "event"), context)]
        kind = body.get("type")
        type_ = _INTERACTIONS.get(kind) if isinstance(kind, int) else None
        if type_ is None:
            return [Unmapped(f"interaction of type {str(kind)[:40]}")]
        asked = inner(body, "data")
        return [
            ActivityDraft(
                type=type_,
                occurred_at=context.received_at,
                actor=_person(inner(inner(body, "member"), "user") or inner(body, "user"), context),
                text=text_of(asked.get("name")),
                context=present(
                    key=text_of(asked.get("custom_id")),
                    guild_id=text_of(body.get("guild_id")),
                    channel_id=text_of(body.get("channel_id")),
                ),
            )
        ]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> None:
        return None


def _key(text: bytes) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text.decode()))
    except ValueError:
        raise BadSetting("secrets.public_key_hex", "must be 64 hex digits") from None


def _is_event(body: Mapping[str, Any]) -> bool:
    """A webhook event has type 1, as the PING of interactions has."""
    return isinstance(body.get("event"), dict)


def _person(user: Mapping[str, Any], context: Context) -> Any:
    return actor_of(
        user.get("id"), "user.id", context, name=user.get("global_name") or user.get("username")
    )


def _event(item: Item, event: Mapping[str, Any], context: Context) -> Draft:
    name = event.get("type")
    type_ = _EVENTS.get(name) if isinstance(name, str) else None
    if type_ is None:
        return Unmapped(f"event {str(name)[:120]!r} is not known")
    return ActivityDraft(
        type=type_,
        occurred_at=first_believable(context.received_at, item.time),
        actor=_person(inner(inner(event, "data"), "user"), context),
        context=present(guild_id=text_of(inner(inner(event, "data"), "guild").get("id"))),
    )
