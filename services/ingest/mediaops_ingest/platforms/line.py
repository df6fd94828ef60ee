"""LINE Messaging API: events of an official account, several in one request.

Source: developers.line.biz, `messaging-api/receiving-messages` and its reference.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.fields import actor_of, key_of, list_of, present, text_of
from mediaops_ingest.platforms.port import (
    ActivityDraft,
    Context,
    Draft,
    Ignored,
    Item,
    ItemFailed,
    Malformed,
    Request,
    SecretSet,
    Unmapped,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import StoredHmac
from mediaops_ingest.platforms.pushes import bounded, inner, json_request, object_of
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import first_believable, seconds_or_milliseconds
from mediaops_ingest.platforms.verifying import (
    JsonVerifier,
    Proof,
    header_proof,
    secret_text,
)

__all__ = ["Line"]

_SIGNATURE = b"x-line-signature"
_VOLATILE = ("deliveryContext", "replyToken")


class LineVerifier(JsonVerifier):
    def proof_of(self, live: SecretSet) -> Proof | None:
        secret = secret_text(live, "channel_secret")
        return header_proof(_SIGNATURE, StoredHmac(secret).base64) if secret else None

    def judge(self, push: Any, verified: Verified) -> Verdict:
        if not isinstance(push.get("events"), list):
            return Malformed(400, "schema")
        # The button Verify of the console sends no events and wants 200.
        return verified if push["events"] else Ignored(self.accepted, "no events")


class Line:
    declaration = Declaration(
        name="line",
        title="LINE Messaging API",
        platform="line",
        keys=(
            Key("channel_secret", "LINE Developers → channel → Basic settings → Channel secret"),
        ),
        proofs=(frozenset({"channel_secret"}),),
        proof="`x-line-signature`: base64 HMAC-SHA256 of the body",
        handshake="a request without events, from the button Verify: answered with 200, not kept",
        answer="200, empty",
        known_by="`webhookEventId`",
        volatile=_VOLATILE,
        deadline_seconds=2.0,
        retries="for a while, where Webhook redelivery is switched on",
        lateness=timedelta(hours=24),
        meanings={
            "follow": ("follow.created",),
            "unfollow": ("follow.removed",),
            "message": ("message.received",),
            "postback": ("menu.clicked",),
            "join, memberJoined": ("group.member_joined",),
            "leave, memberLeft": ("group.member_left",),
        },
        cannot="No time is signed: a captured request is only known by its webhookEventId.",
        uncertain=("LINE asks for an answer at once and gives no number; 2 s is ours.",),
        notes=(
            "Messaging API → Webhook settings: enter the hook URL, press Verify, then Use webhook.",
            "Switch Webhook redelivery on, so that what we could not keep comes again.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> LineVerifier:
        return LineVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        events = list_of(object_of(request).get("events"))
        found: list[Item] = []
        seen: set[str] = set()
        for index, event in enumerate(events):
            key = key_of(event.get("webhookEventId")) if isinstance(event, dict) else None
            # A published sample gives all its events one id; real ones never share it.
            found.append(_item(index, event, f"{key}#{index}" if key in seen else key))
            seen.add(key or "")
        return bounded(found)

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        event = item.content
        if not isinstance(event, dict):
            raise ItemFailed("", "is not an object")
        kind = event.get("type")
        drafts = _EVENTS.get(kind) if isinstance(kind, str) else None
        if drafts is None:
            return [Unmapped(f"event {str(kind)[:120]!r} is not known")]
        return drafts(event, first_believable(context.received_at, item.time), context)

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        event = {"type": "mediaops_test", "webhookEventId": unique}
        body = canonical_json({"destination": "", "events": [event]})
        hmac = StoredHmac(str(secrets["channel_secret"]).encode())
        return json_request(body, now, (_SIGNATURE, hmac.base64(body)))


def _item(index: int, event: Any, key: str | None) -> Item:
    members = event if isinstance(event, dict) else {}
    kept = {name: value for name, value in members.items() if name not in _VOLATILE}
    return Item(
        index=index,
        dedup_key=key,
        canonical=canonical_json(kept if members else event),
        content=event,
        time=seconds_or_milliseconds(members.get("timestamp")),
    )


def _place(source: Mapping[str, Any]) -> dict[str, Any]:
    return present(group_id=text_of(source.get("groupId")), room_id=text_of(source.get("roomId")))


_Read = Callable[[dict[str, Any], datetime, Context], list[Draft]]


def _simple(type_: str) -> _Read:
    def drafts(event: dict[str, Any], moment: datetime, context: Context) -> list[Draft]:
        source = inner(event, "source")
        message, postback = inner(event, "message"), inner(event, "postback")
        return [
            ActivityDraft(
                type=type_,
                occurred_at=moment,
                actor=actor_of(source.get("userId"), "source.userId", context),
                text=text_of(message.get("text"), limit=20_000),
                context={
                    **_place(source),
                    **present(
                        message_id=text_of(message.get("id")),
                        message_type=text_of(message.get("type")),
                        key=text_of(postback.get("data"), limit=2048),
                    ),
                },
            )
        ]

    return drafts


def _members(type_: str, name: str) -> _Read:
    """One activity for each member that came or went."""

    def drafts(event: dict[str, Any], moment: datetime, context: Context) -> list[Draft]:
        people = [one for one in list_of(inner(event, name).get("members")) if one]
        place = _place(inner(event, "source"))
        found: list[Draft] = [
            ActivityDraft(
                type=type_,
                occurred_at=moment,
                actor=actor_of(
                    one.get("userId") if isinstance(one, dict) else None, "userId", context
                ),
                context=place,
            )
            for one in people
        ]
        return found or [Unmapped(f"{name} names nobody")]

    return drafts


def _bot(type_: str) -> _Read:
    """The account itself was taken into a group, or put out of it."""

    def drafts(event: dict[str, Any], moment: datetime, context: Context) -> list[Draft]:
        return [
            ActivityDraft(
                type=type_,
                occurred_at=moment,
                context=_place(inner(event, "source")),
                by_channel=True,
            )
        ]

    return drafts


_EVENTS: dict[str, _Read] = {
    "follow": _simple("follow.created"),
    "unfollow": _simple("follow.removed"),
    "message": _simple("message.received"),
    "postback": _simple("menu.clicked"),
    "join": _bot("group.member_joined"),
    "leave": _bot("group.member_left"),
    "memberJoined": _members("group.member_joined", "joined"),
    "memberLeft": _members("group.member_left", "left"),
}
