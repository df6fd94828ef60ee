"""有赞云: order messages whose signature stands in the body and covers one member of it.

Source: as unrelated public integrations agree; the platform's own page was not at hand.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from mediaops_common.events.activity import Actor

from mediaops_ingest.platforms import strict_json
from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.fields import id_of, key_of, present, text_of
from mediaops_ingest.platforms.money import amount_of
from mediaops_ingest.platforms.port import (
    ActivityDraft,
    Answer,
    Context,
    Draft,
    Ignored,
    Item,
    Refused,
    Request,
    SecretSet,
    Unmapped,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.proofs import BareDigest, same
from mediaops_ingest.platforms.pushes import inner, item_of, json_request, object_of
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import first_believable, parse_beijing
from mediaops_ingest.platforms.verifying import OneAnswer, secret_text

__all__ = ["Youzan"]

_TYPES = {
    "trade_TradeCreate": "order.created",
    "trade_TradePaid": "order.paid",
    "trade_TradeBuyerPay": "order.paid",
    "trade_TradeSuccess": "order.completed",
    "trade_TradeClose": "order.cancelled",
    "TRADE_ORDER_REFUND": "order.refunded",
    "SCRM_CUSTOMER_CARD": "contact.updated",
}
_MOMENTS = {
    "order.created": "created",
    "order.paid": "pay_time",
    "order.completed": "success_time",
    "order.cancelled": "close_time",
}
"""When it happened; else when the order was changed last. An order tells all its times at once."""


def _digest(live: SecretSet) -> BareDigest | None:
    id_, secret = secret_text(live, "client_id"), secret_text(live, "client_secret")
    return BareDigest(hashlib.md5, before=id_, after=secret) if id_ and secret else None


class YouzanVerifier(OneAnswer):
    accepted = Answer(200, b'{"code":0,"msg":"success"}', "application/json")

    def __init__(self, secrets: Sequence[SecretSet]) -> None:
        known = [_digest(live) for live in secrets]
        self._digests = [(place, one) for place, one in enumerate(known) if one]

    def verify(self, request: Request) -> Verdict:
        try:
            push = strict_json.decode(request.body)
        except strict_json.NotStrict:
            # The proof would be inside.
            return Refused("json")
        if not isinstance(push, dict) or not self._digests:
            return Refused("signature")
        if push.get("test") is True:
            # A probe may come with any signature. It is acknowledged, and says and changes nothing.
            return Ignored(self.accepted, "probe")
        signature, message = push.get("sign"), push.get("msg")
        if not isinstance(signature, str) or not isinstance(message, str):
            return Refused("header")
        for place, digest in self._digests:
            if same(digest.hex(message.encode()), signature.encode()):
                return Verified(place)
        return Refused("signature")


class Youzan:
    declaration = Declaration(
        name="youzan",
        title="有赞云 消息推送",
        platform="youzan",
        keys=(
            Key("client_id", "有赞云控制台 → 应用 → 应用凭证 → client_id"),
            Key("client_secret", "有赞云控制台 → 应用 → 应用凭证 → client_secret"),
        ),
        proofs=(frozenset({"client_id", "client_secret"}),),
        proof=(
            "`sign` in the body: hex MD5 of client_id ‖ msg as received ‖ client_secret, not an "
            "HMAC; it covers `msg` alone"
        ),
        handshake="`test: true` from time to time, with any signature: acknowledged, not stored",
        answer='200 `{"code":0,"msg":"success"}`',
        known_by=(
            "`msg_id`, else type, id, status and version; a payment by the order, because "
            "trade_TradePaid and trade_TradeBuyerPay may both come"
        ),
        volatile=("send_count", "sign", "test"),
        deadline_seconds=5.0,
        retries="repeated with a growing send_count; the schedule is not known",
        comes_again=True,
        lateness=timedelta(hours=24),
        meanings={name: (type_,) for name, type_ in _TYPES.items()},
        cannot=(
            "No time is signed, and of the body only `msg` is: whoever has seen a message can send "
            "it again under another type. Points and coupons are kept as unmapped."
        ),
        uncertain=(
            "The rule, the events and the answer are second-hand.",
            "The buyer is read from `buyer_info.yz_open_id`, the amount from `pay_info.payment` in "
            "yuan.",
            "The limit for an answer and the schedule of repeats are not known; 5 s is assumed.",
        ),
        notes=(
            "有赞云控制台 → 应用 → 消息订阅: enter the hook URL and subscribe to the messages.",
            "The shop has to have authorised the application.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> YouzanVerifier:
        return YouzanVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        push = object_of(request)
        push["msg"] = _decoded(push.get("msg"))
        order = key_of(push.get("id"))
        if _TYPES.get(str(push.get("type"))) == "order.paid" and order:
            paid = {"order": order, "kdt_id": push.get("kdt_id")}
            item = item_of(paid, key=f"paid:{order}")
            return [Item(index=0, dedup_key=item.dedup_key, canonical=item.canonical, content=push)]
        return [item_of(push, key=_key(push), volatile=self.declaration.volatile)]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        push = item.content
        type_ = _TYPES.get(str(push.get("type")))
        if type_ is None:
            return [Unmapped(f"type {str(push.get('type'))[:120]!r} is not known")]
        full = inner(inner(push, "msg"), "full_order_info")
        order, buyer = inner(full, "order_info"), inner(full, "buyer_info")
        who = id_of(buyer.get("yz_open_id"), "buyer_info.yz_open_id")
        yuan = inner(full, "pay_info").get("payment") if type_ == "order.paid" else None
        return [
            ActivityDraft(
                type=type_,
                actor=Actor(external_id=who, id_scope=context.id_scope) if who else None,
                occurred_at=first_believable(
                    context.received_at,
                    parse_beijing(order.get(_MOMENTS.get(type_, "update_time"))),
                    parse_beijing(order.get("update_time")),
                ),
                value=amount_of(yuan, "CNY"),
                context=present(
                    order_id=text_of(push.get("id")) or text_of(order.get("tid")),
                    shop_id=text_of(push.get("kdt_id")),
                    status=text_of(push.get("status")),
                ),
            )
        ]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request | None:
        digest = _digest(secrets)
        if digest is None:
            return None
        message = quote_plus("{}")
        sign = digest.hex(message.encode()).decode()
        body = canonical_json(
            {"id": unique, "msg": message, "msg_id": unique, "sign": sign, "type": "mediaops_test"}
        )
        return json_request(body, now)


def _decoded(message: Any) -> Any:
    """The JSON in a message, which is form-encoded: `+` is a blank."""
    if isinstance(message, str):
        try:
            return strict_json.decode(unquote_plus(message).encode())
        except strict_json.NotStrict:
            return message
    return message


def _key(push: Mapping[str, Any]) -> str | None:
    """The message's own id; older ones have none, and `version` alone is not unique."""
    id_ = key_of(push.get("msg_id"))
    parts = [text_of(push.get(name)) for name in ("type", "id", "status", "version")]
    return id_ or (":".join(part or "" for part in parts) if all(parts[:2]) else None)
