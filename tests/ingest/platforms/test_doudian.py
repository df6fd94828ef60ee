"""抖店: batches of order messages."""

from datetime import UTC, datetime

import msgspec
import pytest
from mediaops_ingest.platforms.doudian import Doudian
from mediaops_ingest.platforms.port import Ignored, ItemFailed, Refused, Unmapped, Verified

from tests.ingest.platforms.chinese_signers import DOUDIAN, a_shop_batch
from tests.ingest.platforms.examples import a_context, types_of
from tests.ingest.platforms.signers import NOW

adapter = Doudian()
CONTEXT = a_context(platform="doudian", received_at=NOW)


def verify(request, secrets=DOUDIAN):
    return adapter.prepare([secrets], {}).verify(request)


def drafts_of(*messages: object):
    items = adapter.split(a_shop_batch(*messages), [], {})
    return [draft for item in items for draft in adapter.normalise(item, CONTEXT)]


def test_a_batch_is_verified_and_answered_as_the_platform_wants():
    request = a_shop_batch({"tag": 100, "data": {}})
    assert verify(request) == Verified(0)
    answer = adapter.prepare([DOUDIAN], {}).answer(request, Verified(0))
    assert (answer.status, answer.body) == (200, b'{"code":0,"msg":"success"}')


def test_the_key_of_the_application_is_part_of_the_proof():
    assert verify(a_shop_batch({}), {**DOUDIAN, "app_key": "7"}) == Refused("signature")


def test_a_payment_is_in_fen_and_its_ids_are_exact():
    (paid,) = drafts_of(
        {
            "tag": 110,
            "msg_id": "m",
            "data": {
                "p_id": 4705288465508532862,
                "s_ids": [4705288465508532863],
                "shop_id": 95250,
                "pay_amount": 2990,
                "pay_time": 1795334400,
            },
        }
    )
    assert (paid.type, paid.value.amount_minor, paid.value.currency) == ("order.paid", 2990, "CNY")
    assert paid.occurred_at == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert paid.context == {
        "order_id": "4705288465508532862",
        "sub_order_ids": ["4705288465508532863"],
        "shop_id": "95250",
    }


def test_data_may_be_an_object_or_its_text_and_tags_numbers_or_texts():
    drafts = drafts_of(
        {"tag": 106, "msg_id": "1", "data": {"p_id": "7"}},
        {"tag": "106", "msgId": "2", "data": '{"p_id": 7}'},
    )
    assert types_of(drafts) == ["order.cancelled"] * 2
    assert [draft.context["order_id"] for draft in drafts] == ["7", "7"]


def test_either_spelling_of_the_message_id_is_the_key():
    items = adapter.split(a_shop_batch({"msg_id": "a"}, {"msgId": "b"}, {}), [], {})
    assert [item.dedup_key for item in items] == ["a", "b", None]


def test_a_refund_has_its_own_amount():
    (draft,) = drafts_of({"tag": 206, "data": {"refund_amount": 13200, "aftersale_id": "as"}})
    assert (draft.type, draft.value.amount_minor) == ("order.refunded", 13200)


def test_other_tags_are_unmapped_and_unreadable_messages_fail_alone():
    assert isinstance(drafts_of({"tag": 105, "data": {}})[0], Unmapped)
    for message in (5, {}, {"tag": 110, "data": "no json"}, {"tag": 110, "data": []}):
        with pytest.raises(ItemFailed):
            drafts_of(message)


def test_an_empty_batch_is_answered_and_not_stored():
    assert isinstance(verify(a_shop_batch()), Ignored)


def test_the_sample_is_signed_and_counts_nothing():
    sample = adapter.sample(DOUDIAN, {}, now=NOW, unique="1")
    assert verify(sample) == Verified(0)
    (item,) = adapter.split(sample, [], {})
    assert types_of(adapter.normalise(item, CONTEXT)) == ["unmapped"]
    assert verify(msgspec.structs.replace(sample, headers=())) == Refused("header")
