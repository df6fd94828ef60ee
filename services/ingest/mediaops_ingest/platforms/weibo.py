"""微博 粉丝服务平台: follows, subscriptions, mentions and messages of fans.

Source: open.weibo.com, `wiki/Messages_api_start` and `wiki/Receive_Event_Push`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mediaops_common.events.activity import Actor

from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.fields import id_of, key_of, present, text_of
from mediaops_ingest.platforms.port import (
    ActivityDraft,
    Answer,
    Context,
    Draft,
    Item,
    Malformed,
    Refused,
    Request,
    SecretSet,
    Unmapped,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import sorted_sha1
from mediaops_ingest.platforms.pushes import inner, item_of, json_request, object_of
from mediaops_ingest.platforms.sorted_proofs import TOLERANCE, echo, query_fault
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import first_believable, parse_zoned
from mediaops_ingest.platforms.verifying import JsonVerifier, Proof

__all__ = ["Weibo"]

_CREATED_AT = "%a %b %d %H:%M:%S %z %Y"

_EVENTS = {
    "follow": "follow.created",
    "unfollow": "follow.removed",
    "subscribe": "subscription.created",
    "unsubscribe": "subscription.removed",
    "scan": "qrcode.scanned",
    "mention": "mention.created",
}
_MESSAGES = frozenset({"text", "image", "voice", "position"})


class WeiboVerifier(JsonVerifier):
    accepted = Answer(200, b"", "text/plain")
    """An empty answer ends the repeats; anything else would be a reply to the fan."""

    def proof_of(self, live: SecretSet) -> Proof | None:
        secret = live.get("app_secret")
        return _proof(secret) if isinstance(secret, str) and secret else None

    def read(self, request: Request, verified: Verified) -> Verdict:
        if request.method == "GET":
            return echo(request.parameters().get("echostr"))
        return super().read(request, verified)

    def judge(self, push: Any, verified: Verified) -> Verdict:
        complete = isinstance(push.get("type"), str) and key_of(push.get("sender_id"))
        return verified if complete else Malformed(400, "schema")


def _proof(secret: str) -> Proof:
    def proof(request: Request) -> Refused | None:
        return query_fault(request.parameters(), request.now, secret, per_second=1000)

    return proof


class Weibo:
    declaration = Declaration(
        name="weibo",
        title="微博 粉丝服务平台",
        platform="weibo",
        keys=(Key("app_secret", "微博开放平台 → 我的应用 → 应用信息 → App Secret"),),
        proofs=(frozenset({"app_secret"}),),
        methods=frozenset({"GET", "POST"}),
        proof=(
            "the query's `signature`: hex SHA-1 of the sorted App Secret, timestamp (ms) and "
            "nonce; it leaves out the body"
        ),
        tolerance=TOLERANCE,
        handshake="GET with `signature` and `echostr`: answered with echostr as text",
        answer="200, empty",
        known_by="`sender_id`, `created_at` and the subtype, or the type of a message",
        volatile=("timestamp", "nonce", "signature"),
        deadline_seconds=5.0,
        retries="3 tries",
        lateness=timedelta(hours=24),
        meanings={
            **{name: (type_,) for name, type_ in _EVENTS.items()},
            "text, image, voice, position": ("message.received",),
        },
        cannot=(
            "The signature does not cover the body: whoever has seen one request can send others "
            "for five minutes. Likes, reposts and comments are not pushed. Where a fan is is not "
            "kept. Two messages of one kind from one fan in one second have one key: the second "
            "shows as a conflict."
        ),
        uncertain=("A mention is read both as a type of its own and as the subtype of an event.",),
        notes=(
            "粉丝服务平台 → 高级功能 → 开发者模式: enter the hook URL and the App Key of the app.",
            "The address is checked at once with a GET; then switch the 开发者模式 on.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> WeiboVerifier:
        return WeiboVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        push = object_of(request)
        sender, created = key_of(push.get("sender_id")), key_of(push.get("created_at"))
        known = sender and created
        return [item_of(push, key=f"{sender}:{created}:{_name_of(push)}" if known else None)]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        push, name = item.content, _name_of(item.content)
        is_message = name in _MESSAGES
        if not is_message and name not in _EVENTS:
            return [Unmapped(f"{name[:120]!r} is not known")]
        sender = id_of(push.get("sender_id"), "sender_id")
        data = inner(push, "data")
        return [
            ActivityDraft(
                type="message.received" if is_message else _EVENTS[name],
                actor=Actor(external_id=sender, id_scope=context.id_scope) if sender else None,
                occurred_at=first_believable(
                    context.received_at, parse_zoned(push.get("created_at"), _CREATED_AT)
                ),
                # Of an event the text only says in words what it is.
                text=text_of(push.get("text"), limit=20_000) if is_message else None,
                context=present(
                    message_type=name if is_message else None,
                    receiver_id=text_of(push.get("receiver_id")),
                    scene=text_of(data.get("key")) if name == "scan" else None,
                    key=text_of(data.get("key")) if name == "mention" else None,
                ),
            )
        ]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        stamp = str(int(now.timestamp() * 1000))
        signature = sorted_sha1((str(secrets["app_secret"]), stamp, unique)).decode()
        query = {"signature": signature, "timestamp": stamp, "nonce": unique}
        push = {"data": {"subtype": "mediaops_test"}, "sender_id": unique, "type": "event"}
        return json_request(canonical_json(push), now, query=query)


def _name_of(push: Mapping[str, Any]) -> str:
    """The subtype of an event, else the type."""
    kind = text_of(push.get("type")) or ""
    subtype = text_of(inner(push, "data").get("subtype"))
    return subtype if kind == "event" and subtype else kind
