"""TikTok, and what shops and systems send."""

from datetime import UTC, datetime

import pytest
from mediaops_ingest.platforms.identity import canonical_digest
from mediaops_ingest.platforms.port import (
    Handshake,
    Refused,
    Request,
)

from tests.ingest.platforms.examples import types_of
from tests.ingest.platforms.international_signers import (
    BODIES,
    NOW,
    SECONDS,
    a_push,
    an_example,
)
from tests.ingest.platforms.trying import an_activity, drafts, items, types, verify


@pytest.mark.parametrize(
    ("event", "type_"),
    [
        ("video.publish.completed", "video.published"),
        ("video.upload.failed", "video.publish_failed"),
        ("authorization.removed", "account.deauthorized"),
        ("post.publish.complete", "unmapped"),
    ],
)
def test_tiktok_tells_of_the_account_itself(event: str, type_: str):
    body = {"event": event, "create_time": SECONDS, "user_openid": "me", "content": "{}"}
    found = drafts("tiktok", body)
    assert types_of(found) == [type_]
    if type_ != "unmapped":
        assert an_activity(found).by_channel


def test_a_tiktok_repeat_is_known_whatever_else_is_in_it():
    body = {"event": "x", "create_time": 1, "user_openid": "o", "content": '{"a": 1}'}
    again = {**body, "client_key": "other", "content": '{ "a":1 }'}
    first, second = (items("tiktok", a_push("tiktok", one)) for one in (body, again))
    assert canonical_digest(first[0]) == canonical_digest(second[0])


def test_events_of_another_form_that_sign_like_tiktok_are_told_apart():
    pushes = ({"event": "new", "id": 1}, {"event": "new", "id": 2}, {"id": 1}, {"id": 2})
    found = [items("tiktok", a_push("tiktok", push))[0] for push in pushes]
    assert len({canonical_digest(item) for item in found}) == 4


def test_a_time_that_is_too_old_is_refused_both_ways():
    for scheme in ("tiktok", "stripe-style", "svix", "discord"):
        for away in (-301, 301):
            late = datetime.fromtimestamp(SECONDS + away, UTC)
            request = an_example(scheme, now=late)
            moved = Request(method="POST", headers=request.headers, body=request.body, now=NOW)
            assert verify(scheme, moved) == Refused("timestamp"), (scheme, away)


def test_stripe_money_is_in_the_smallest_unit():
    draft = an_activity(drafts("stripe-style", BODIES["stripe-style"]))
    assert draft.value is not None
    assert (draft.value.amount_minor, draft.value.currency) == (1990, "CNY")


def test_a_stripe_session_that_is_not_paid_is_no_order():
    session = {"id": "cs_1", "payment_status": "unpaid"}
    body = {"id": "e", "type": "checkout.session.completed", "data": {"object": session}}
    assert types("stripe-style", body) == ["unmapped"]


def test_stripe_tells_with_every_attempt_how_many_are_left():
    first, second = (
        items("stripe-style", a_push("stripe-style", {**BODIES["stripe-style"], **more}))
        for more in ({"pending_webhooks": 2}, {"pending_webhooks": 1})
    )
    assert canonical_digest(first[0]) == canonical_digest(second[0])


@pytest.mark.parametrize(
    ("topic", "type_"),
    [
        ("orders/create", "order.created"),
        ("orders/paid", "order.paid"),
        ("orders/cancelled", "order.cancelled"),
        ("orders/fulfilled", "order.shipped"),
        ("refunds/create", "order.refunded"),
        ("customers/create", "contact.added"),
        ("customers/update", "contact.updated"),
        ("customers/delete", "contact.removed"),
        ("customers/redact", "unmapped"),
        ("carts/update", "unmapped"),
    ],
)
def test_shopify_topics(topic: str, type_: str):
    assert types("shopify", BODIES["shopify"], x_shopify_topic=topic) == [type_]


def test_a_shopify_amount_is_exact_and_a_refund_sums_what_went_back():
    order = an_activity(drafts("shopify", BODIES["shopify"], x_shopify_topic="orders/paid"))
    assert order.value is not None
    assert order.value.amount_minor == 1990
    yen = {"id": 2, "total_price": "500", "currency": "JPY"}
    paid = an_activity(drafts("shopify", yen, x_shopify_topic="orders/paid"))
    assert paid.value is not None
    assert paid.value.amount_minor == 500
    parts = [
        {"kind": "refund", "status": "success", "amount": "1.50", "currency": "EUR"},
        {"kind": "refund", "status": "failure", "amount": "9.00", "currency": "EUR"},
        {"kind": "refund", "status": "success", "amount": "2.00", "currency": "EUR"},
    ]
    back = an_activity(
        drafts("shopify", {"order_id": 7, "transactions": parts}, x_shopify_topic="refunds/create")
    )
    assert back.value is not None
    assert (back.value.amount_minor, back.context["order_id"]) == (350, "7")


def test_shopify_knows_an_event_by_its_event_id_else_by_its_delivery():
    request = a_push("shopify", {"id": 1}, x_shopify_webhook_id="w-1")
    assert items("shopify", request)[0].dedup_key == "id-1"
    bare = Request(
        method="POST",
        headers=tuple(one for one in request.headers if one[0] != b"x-shopify-event-id"),
        body=request.body,
        now=NOW,
    )
    assert items("shopify", bare)[0].dedup_key == "w-1"


def test_github_pings_and_takes_forms_and_other_systems():
    ping = a_push("github", {"zen": "x"}, x_github_event="ping")
    assert isinstance(verify("github", ping), Handshake)
    form = b"payload=%7B%22action%22%3A%22created%22%7D"
    content_type = "application/x-www-form-urlencoded"
    assert types("github", form, content_type=content_type, x_github_event="star") == [
        "favourite.created"
    ]
    other = items("github", a_push("github", {"event": "paid"}))[0]
    assert other.content == {"event": "paid"}
    assert types("github", {"event": "paid"}) == ["unmapped"]
