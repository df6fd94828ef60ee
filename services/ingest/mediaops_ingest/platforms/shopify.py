"""Shopify webhooks.

Source: shopify.dev, `docs/apps/build/webhooks`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mediaops_common.events.activity import Money

from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.fields import actor_of, key_of, list_of, present, text_of
from mediaops_ingest.platforms.money import amount_of
from mediaops_ingest.platforms.port import (
    ActivityDraft,
    Context,
    Draft,
    Item,
    Request,
    SecretSet,
    Unmapped,
)
from mediaops_ingest.platforms.proofs import StoredHmac
from mediaops_ingest.platforms.pushes import inner, json_request, object_of
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import first_believable, parse_rfc3339
from mediaops_ingest.platforms.verifying import (
    JsonVerifier,
    Proof,
    header_proof,
    secret_text,
)

__all__ = ["Shopify"]

_SIGNATURE = b"x-shopify-hmac-sha256"

_TYPES = {
    "orders/create": "order.created",
    "orders/paid": "order.paid",
    "orders/cancelled": "order.cancelled",
    "orders/fulfilled": "order.shipped",
    "refunds/create": "order.refunded",
    "customers/create": "contact.added",
    "customers/update": "contact.updated",
    "customers/delete": "contact.removed",
}
_PRIVACY = frozenset({"customers/redact", "shop/redact", "customers/data_request"})
_TIMES = {
    "orders/paid": ("processed_at", "created_at"),
    "orders/cancelled": ("cancelled_at",),
    "orders/fulfilled": ("updated_at",),
    "customers/update": ("updated_at",),
    "customers/delete": (),
}


class ShopifyVerifier(JsonVerifier):
    def proof_of(self, live: SecretSet) -> Proof | None:
        secret = secret_text(live, "client_secret")
        return header_proof(_SIGNATURE, StoredHmac(secret).base64) if secret else None


class Shopify:
    declaration = Declaration(
        name="shopify",
        title="Shopify webhooks",
        platform="shopify",
        keys=(Key("client_secret", "Dev Dashboard → your app → Settings → Client secret"),),
        proofs=(frozenset({"client_secret"}),),
        proof="X-Shopify-Hmac-Sha256: base64 HMAC-SHA256 of the body",
        answer="200, empty",
        known_by="X-Shopify-Event-Id, else X-Shopify-Webhook-Id",
        deadline_seconds=5.0,
        retries="8 within 4 h; then the subscription may be removed",
        comes_again=True,
        lateness=timedelta(hours=24),
        meanings={topic: (type_,) for topic, type_ in _TYPES.items()},
        cannot=(
            "Topic, event id and time stand in headers that are not signed. Requests of privacy "
            "(customers/redact, shop/redact, customers/data_request) are kept as unmapped: erase "
            "or export the profile in crm."
        ),
        notes=(
            "Settings → Notifications → Webhooks, or your app's subscriptions: one per topic.",
            "Format JSON, URL: the hook URL.",
        ),
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> ShopifyVerifier:
        return ShopifyVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        thing = object_of(request)
        topic = _header(request, b"x-shopify-topic")
        ids = _header(request, b"x-shopify-event-id"), _header(request, b"x-shopify-webhook-id")
        return [
            Item(
                index=0,
                dedup_key=next(filter(None, map(key_of, ids)), None),
                canonical=canonical_json([topic, thing]),
                content={"topic": topic, "payload": thing},
                time=parse_rfc3339(_header(request, b"x-shopify-triggered-at")),
            )
        ]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        topic, thing = item.content["topic"], item.content["payload"]
        type_ = _TYPES.get(topic) if topic else None
        if topic in _PRIVACY:
            return [Unmapped(f"{topic} is for the privacy desk")]
        if type_ is None:
            return [Unmapped(f"topic {str(topic)[:120]!r} is not known")]
        family = topic.partition("/")[0]
        names = _TIMES.get(topic, ("created_at",))
        moments = (*map(parse_rfc3339, (thing.get(name) for name in names)), item.time)
        person = thing if family == "customers" else inner(thing, "customer")
        order = thing.get("order_id") if family == "refunds" else thing.get("id")
        return [
            ActivityDraft(
                type=type_,
                occurred_at=first_believable(context.received_at, *moments),
                actor=actor_of(person.get("id"), "customer.id", context),
                value=_value(family, thing),
                context=present(order_id=None if family == "customers" else text_of(order)),
            )
        ]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        body = canonical_json({"id": 1})
        hmac = StoredHmac(str(secrets["client_secret"]).encode())
        return json_request(
            body,
            now,
            (b"x-shopify-topic", b"mediaops/test"),
            (b"x-shopify-event-id", unique.encode()),
            (_SIGNATURE, hmac.base64(body)),
        )


def _header(request: Request, name: bytes) -> str | None:
    return text_of((request.header(name) or b"").decode("ascii", "replace"))


def _value(family: str, thing: Mapping[str, Any]) -> Money | None:
    if family == "orders":
        return amount_of(thing.get("total_price"), thing.get("currency"))
    if family != "refunds":
        return None
    paid_back = [
        amount_of(one.get("amount"), one.get("currency"))
        for one in list_of(thing.get("transactions"))
        if isinstance(one, dict) and one.get("kind") == "refund" and one.get("status") == "success"
    ]
    known = [one for one in paid_back if one is not None]
    if not known or len({one.currency for one in known}) > 1:
        return None
    return Money(amount_minor=sum(one.amount_minor for one in known), currency=known[0].currency)
