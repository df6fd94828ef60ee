"""有赞云: a signature inside the body, over one member of it."""

from datetime import UTC, datetime

import pytest
from mediaops_ingest.platforms.identity import canonical_digest
from mediaops_ingest.platforms.port import Ignored, Refused, Unmapped, Verified
from mediaops_ingest.platforms.youzan import Youzan

from tests.ingest.platforms.chinese_signers import YOUZAN, a_post, a_youzan_push
from tests.ingest.platforms.examples import a_context, types_of
from tests.ingest.platforms.signers import NOW

adapter = Youzan()
CONTEXT = a_context(platform="youzan", received_at=NOW)
ORDER = {
    "full_order_info": {
        "order_info": {"tid": "E1", "pay_time": "2026-11-22 16:30:00"},
        "pay_info": {"payment": "129.00"},
        "buyer_info": {"yz_open_id": "yz-o-1"},
    }
}


def verify(request, *live):
    return adapter.prepare(live or [YOUZAN], {}).verify(request)


def item_of(type_: str, message: object, **outside: object):
    (item,) = adapter.split(a_youzan_push(type_, message, **outside), [], {})
    return item


def draft_of(type_: str, message: object, **outside: object):
    (draft,) = adapter.normalise(item_of(type_, message, **outside), CONTEXT)
    return draft


def test_a_message_is_verified_and_answered_with_success():
    request = a_youzan_push("trade_TradePaid", ORDER)
    assert verify(request) == Verified(0)
    answer = adapter.prepare([YOUZAN], {}).answer(request, Verified(0))
    assert answer.body == b'{"code":0,"msg":"success"}'
    assert verify(request, {**YOUZAN, "client_id": "yz-2"}) == Refused("signature")


def test_a_probe_is_acknowledged_whatever_its_signature_and_not_stored():
    for sign in ("0" * 32, None, ""):
        verdict = verify(a_youzan_push("trade_TradePaid", ORDER, test=True, sign=sign))
        assert isinstance(verdict, Ignored)
        assert verdict.answer.body == b'{"code":0,"msg":"success"}'
    assert verify(a_youzan_push("x", {}, test="true", sign="0" * 32)) == Refused("signature")
    probe = a_youzan_push("x", {}, test=True)
    assert adapter.prepare([], {}).verify(probe) == Refused("signature")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"sign": 1, "msg": 2}'])
def test_without_a_readable_proof_inside_it_is_refused(body: bytes):
    assert isinstance(verify(a_post(body)), Refused)


def test_a_payment_has_its_buyer_amount_and_moment():
    draft = draft_of("trade_TradePaid", ORDER)
    assert (draft.type, draft.actor.external_id) == ("order.paid", "yz-o-1")
    assert (draft.value.amount_minor, draft.value.currency) == (12900, "CNY")
    assert draft.occurred_at == datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    assert draft.context == {"order_id": "E1", "shop_id": "160001", "status": "S"}


@pytest.mark.parametrize(
    ("type_", "hour"),
    [
        ("trade_TradeCreate", 8),
        ("trade_TradeBuyerPay", 9),
        ("trade_TradeSuccess", 10),
        ("trade_TradeClose", 11),
        ("TRADE_ORDER_REFUND", 12),
    ],
)
def test_of_all_times_of_an_order_each_message_has_its_own(type_: str, hour: int):
    names = ("created", "pay_time", "success_time", "close_time", "update_time")
    told = {name: f"2026-11-20 {8 + n:02}:00:00" for n, name in enumerate(names)}
    draft = draft_of(type_, {"full_order_info": {"order_info": told}})
    assert draft.occurred_at == datetime(2026, 11, 20, hour - 8, tzinfo=UTC)


def test_without_its_own_time_a_message_has_that_of_the_last_change_or_of_its_arrival():
    changed = {"pay_time": "2026-11-01 08:00:00", "update_time": "2026-11-20 08:00:00"}
    for order, wanted in ((changed, datetime(2026, 11, 20, tzinfo=UTC)), ({}, NOW)):
        draft = draft_of("trade_TradeClose", {"full_order_info": {"order_info": order}})
        assert draft.occurred_at == wanted


def test_an_amount_may_come_as_a_number():
    order = {"full_order_info": {"pay_info": {"payment": 129.5}}}
    assert draft_of("trade_TradePaid", order).value.amount_minor == 12950


@pytest.mark.parametrize("payment", ["1.005", "x", "NaN", "1e30", True, None, "", "9" * 40])
def test_an_amount_that_is_none_is_left_out(payment: object):
    order = {"full_order_info": {"pay_info": {"payment": payment}}}
    assert draft_of("trade_TradePaid", order).value is None


def test_the_two_messages_of_one_payment_are_one_payment():
    first = item_of("trade_TradePaid", ORDER, msg_id="a")
    again = item_of("trade_TradeBuyerPay", {"tid": "E1"}, msg_id="b", send_count=3)
    assert first.dedup_key == again.dedup_key
    assert canonical_digest(first) == canonical_digest(again)
    assert item_of("trade_TradePaid", ORDER, id="E2").dedup_key != first.dedup_key


def test_a_repeat_differs_in_its_count_alone_and_is_the_same():
    first, again = (item_of("trade_TradeClose", {}, send_count=n) for n in (0, 1))
    assert first.dedup_key == again.dedup_key == "yz-m-1"
    assert canonical_digest(first) == canonical_digest(again)


def test_older_messages_without_an_id_are_known_by_what_they_say():
    item = item_of("trade_TradeClose", {}, msg_id=None)
    assert item.dedup_key == "trade_TradeClose:E1:S:1"
    assert item_of("x", {}, msg_id=None, id=None).dedup_key is None


def test_every_type_that_is_known_has_its_activity():
    for type_, (wanted,) in adapter.declaration.meanings.items():
        assert draft_of(type_, {}).type == wanted
    assert isinstance(draft_of("POINTS", {}), Unmapped)


def test_the_sample_is_signed_and_counts_nothing():
    sample = adapter.sample(YOUZAN, {}, now=NOW, unique="1")
    assert verify(sample) == Verified(0)
    (item,) = adapter.split(sample, [], {})
    assert types_of(adapter.normalise(item, CONTEXT)) == ["unmapped"]
    assert adapter.sample({}, {}, now=NOW, unique="1") is None
