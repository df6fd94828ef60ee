"""Stripe webhooks, and partner systems that sign in the same way.

Source: docs.stripe.com/webhooks, and the rule of Stripe's own libraries.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mediaops_ingest.platforms.declaration import Declaration, Key
from mediaops_ingest.platforms.fields import actor_of, id_of, key_of, present, text_of
from mediaops_ingest.platforms.money import minor_amount
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

__all__ = ["StripeStyle"]

_VOLATILE = ("pending_webhooks",)

_TYPES = {
    "checkout.session.completed": "order.paid",
    "checkout.session.async_payment_succeeded": "order.paid",
    "checkout.session.expired": "order.cancelled",
    "charge.refunded": "order.refunded",
    "customer.created": "contact.added",
    "customer.updated": "contact.updated",
    "customer.deleted": "contact.removed",
    "customer.subscription.created": "subscription.created",
    "customer.subscription.deleted": "subscription.removed",
}
_AMOUNTS = {"checkout.session": "amount_total", "charge": "amount_refunded"}


class StripeStyleVerifier(JsonVerifier):
    def proof_of(self, live: SecretSet) -> Proof | None:
        # The whole text is the key, whsec_ included: nothing of it is decoded.
        secret = secret_text(live, "secret")
        if secret is None:
            return None
        return signed_time_proof(secret, header=b"stripe-signature", signature=b"v1")


class StripeStyle:
    declaration = Declaration(
        name="stripe-style",
        title="Stripe webhooks, and systems that sign like them",
        platform=None,
        keys=(Key("secret", "Developers → Webhooks → the endpoint's Signing secret"),),
        proofs=(frozenset({"secret"}),),
        proof=(
            "`Stripe-Signature: t=,v1=`, v1 is the hex HMAC-SHA256 of `t.body`; the key is the "
            "whole text of the secret"
        ),
        tolerance=TOLERANCE,
        answer="200, empty",
        known_by="id of the event",
        volatile=_VOLATILE,
        deadline_seconds=10.0,
        retries="with a growing pause for three days",
        comes_again=True,
        lateness=timedelta(hours=72),
        meanings={event: (type_,) for event, type_ in _TYPES.items()},
        cannot="Other events, and the bodies of other systems, need a mapping.",
        notes=(
            "Developers → Webhooks → Add endpoint: enter the hook URL.",
            "Choose the events listed here; others are kept as unmapped.",
            "Give the endpoint's Signing secret to the source as `secret`, as it is.",
        ),
    )

    def prepare(
        self, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> StripeStyleVerifier:
        return StripeStyleVerifier(secrets)

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        event = object_of(request)
        kept = {name: value for name, value in event.items() if name not in _VOLATILE}
        return [
            Item(
                index=0,
                dedup_key=key_of(event.get("id")),
                canonical=canonical_json(kept),
                content=event,
                time=seconds_or_milliseconds(event.get("created")),
            )
        ]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        name = item.content.get("type")
        type_ = _TYPES.get(name) if isinstance(name, str) else None
        if type_ is None:
            return [Unmapped(f"type {str(name)[:120]!r} is not known")]
        thing = inner(inner(item.content, "data"), "object")
        if name == "checkout.session.completed" and thing.get("payment_status") == "unpaid":
            return [Unmapped("the session is complete and not paid yet")]
        family = str(name).rpartition(".")[0]
        is_customer = family == "customer"
        person = thing.get("id") if is_customer else thing.get("customer")
        return [
            ActivityDraft(
                type=type_,
                occurred_at=first_believable(context.received_at, item.time),
                actor=actor_of(
                    thing.get("client_reference_id") or person, "data.object.customer", context
                ),
                value=minor_amount(thing.get(_AMOUNTS.get(family, "")), thing.get("currency")),
                context=present(
                    order_id=None if is_customer else id_of(thing.get("id"), "data.object.id"),
                    payment_intent=text_of(thing.get("payment_intent")),
                ),
            )
        ]

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> Request:
        body = canonical_json({"id": f"evt_{unique}", "type": "mediaops.test", "data": {}})
        signature = signed_time(str(secrets["secret"]).encode(), body, now, signature=b"v1")
        return json_request(body, now, (b"stripe-signature", signature))
