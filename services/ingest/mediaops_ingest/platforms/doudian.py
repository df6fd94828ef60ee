"""抖店 (the shops of 抖音): batches of order and after-sale messages.

Source: as public implementations agree, with the samples of one of them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mediaops_common.events.activity import Money

from mediaops_ingest.platforms import strict_json
from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.fields import key_of, present, text_of, whole_number
from mediaops_ingest.platforms.port import (
    ActivityDraft,
    Answer,
    Context,
    Draft,
    Ignored,
    Item,
    ItemFailed,
    Request,
    SecretSet,
    Unmapped,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import BareDigest
from mediaops_ingest.platforms.pushes import bounded, item_of, json_request, stored_json
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import first_believable, seconds_or_milliseconds
from mediaops_ingest.platforms.verifying import (
    JsonVerifier,
    Proof,
    header_proof,
    secret_text,
)

__all__ = ["Doudian"]

_TAGS: dict[str, tuple[str, str, str | None]] = {
    "100": ("order.created", "create_time", None),
    "106": ("order.cancelled", "cancel_time", None),
    "110": ("order.paid", "pay_time", "pay_amount"),
    "206": ("order.refunded", "success_time", "refund_amount"),
}
"""By tag: the type, the field of the moment, the field of the amount in fen."""


def _digest(app_key: bytes, app_secret: bytes) -> BareDigest:
    return BareDigest(hashlib.md5, before=app_key, after=app_secret)


class DoudianVerifier(JsonVerifier):
    form = list
    accepted = Answer(200, b'{"code":0,"msg":"success"}', "application/json")

    def proof_of(self, live: SecretSet) -> Proof | None:
        key, secret = secret_text(live, "app_key"), secret_text(live, "app_secret")
        return header_proof(b"event-sign", _digest(key, secret).hex) if key and secret else None

    def judge(self, push: Any, verified: Verified) -> Verdict:
        return verified if push else Ignored(self.accepted, "empty")


class Doudian:
    declaration = Declaration(
        name="doudian",
        title="抖店开放平台 消息推送",
        platform="doudian",
        keys=(
            Key("app_key", "抖店开放平台 → 控制台 → 应用详情 → App Key"),
            Key("app_secret", "抖店开放平台 → 控制台 → 应用详情 → App Secret"),
        ),
        proofs=(frozenset({"app_key", "app_secret"}),),
        proof="`event-sign`: lower-case hex MD5 of app_key ‖ body ‖ app_secret, not an HMAC",
        answer='200 `{"code":0,"msg":"success"}`',
        known_by="the item's `msg_id`, which samples write `msgId`",
        deadline_seconds=5.0,
        retries="not stated on any page at hand",
        lateness=timedelta(hours=24),
        meanings={f"tag {tag}": (type_,) for tag, (type_, _, _) in _TAGS.items()},
        cannot=(
            "No time is signed: a captured push is only known by its msg_id. Messages name the "
            "order and not its buyer, so that nobody becomes active by them. Shops are a platform "
            "of their own here: their ids are not those of 抖音 accounts."
        ),
        uncertain=(
            "The rule is second-hand; the platform's own page was not at hand.",
            "Only the tags 100, 106, 110 and 206 are read; the list of all was not at hand.",
            "The limit for an answer is not stated; 5 s is assumed.",
        ),
        notes=(
            "控制台 → 应用详情 → 消息推送服务: enter the hook URL and choose the messages.",
            "The shop's owner has to have bought and authorised the application.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> DoudianVerifier:
        return DoudianVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        items = []
        for index, one in enumerate(stored_json(request, list)):
            push = {**one, "data": _decoded(one.get("data"))} if isinstance(one, dict) else {}
            id_ = key_of(push.get("msg_id")) or key_of(push.get("msgId"))
            items.append(item_of(push or {"item": one}, key=id_, index=index))
        return bounded(items)

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        tag, data = text_of(item.content.get("tag")), item.content.get("data")
        if tag is None:
            raise ItemFailed("tag", "is missing")
        if tag not in _TAGS:
            return [Unmapped(f"tag {tag[:120]!r} is not known")]
        if not isinstance(data, dict):
            raise ItemFailed("data", "must be an object or the JSON text of one")
        type_, moment, amount = _TAGS[tag]
        fen = whole_number(data.get(amount)) if amount else None
        return [
            ActivityDraft(
                type=type_,
                occurred_at=first_believable(
                    context.received_at, seconds_or_milliseconds(data.get(moment))
                ),
                value=None if fen is None else Money(amount_minor=fen, currency="CNY"),
                context=present(
                    order_id=text_of(data.get("p_id")),
                    sub_order_ids=_texts(data.get("s_ids", data.get("s_id"))),
                    shop_id=text_of(data.get("shop_id")),
                    aftersale_id=text_of(data.get("aftersale_id")),
                    cancel_reason=text_of(data.get("cancel_reason")),
                ),
            )
        ]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        body = canonical_json([{"data": {}, "msg_id": unique, "tag": "mediaops_test"}])
        key, secret = str(secrets["app_key"]).encode(), str(secrets["app_secret"]).encode()
        return json_request(body, now, (b"event-sign", _digest(key, secret).hex(body)))


def _decoded(data: Any) -> Any:
    """The data, which is an object in one message and JSON text in the next."""
    if isinstance(data, str):
        try:
            return strict_json.decode(data.encode())
        except strict_json.NotStrict:
            return data
    return data


def _texts(ids: Any) -> list[str] | None:
    """Ids as texts: they come as such and as numbers beyond 2^53."""
    listed = ids if isinstance(ids, list) else [ids]
    return [text for one in listed[:100] if (text := text_of(one))] or None
