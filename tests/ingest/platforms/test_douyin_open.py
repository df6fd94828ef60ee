"""抖音开放平台: what its events mean."""

from datetime import UTC, datetime

import pytest
from mediaops_ingest.platforms.douyin_open import DouyinOpen
from mediaops_ingest.platforms.identity import canonical_digest
from mediaops_ingest.platforms.port import (
    Handshake,
    ItemFailed,
    Malformed,
    Unmapped,
    Verified,
)

from tests.ingest.platforms.examples import a_context, types_of
from tests.ingest.platforms.signers import CLIENT_SECRET, NOW, a_douyin_push

adapter = DouyinOpen()
CONTEXT = a_context(platform="douyin", received_at=NOW)


def verify(request):
    return adapter.prepare([{"client_secret": CLIENT_SECRET}], {}).verify(request)


def draft_of(event: str, content: object, **outside: object):
    (item,) = adapter.split(a_douyin_push(event, content, **outside), [], {})
    (draft,) = adapter.normalise(item, CONTEXT)
    return draft


def test_a_push_is_verified_and_answered_with_200():
    request = a_douyin_push("new_follow_action", "{}")
    assert verify(request) == Verified(0)
    answer = adapter.prepare([], {}).answer(request, Verified(0))
    assert (answer.status, answer.content_type) == (200, "application/json")


def test_a_challenge_as_text_stays_text():
    verdict = verify(a_douyin_push("verify_webhook", '{"challenge":"007"}'))
    assert isinstance(verdict, Handshake)
    assert verdict.answer.body == b'{"challenge":"007"}'


@pytest.mark.parametrize("content", [None, [], {"challenge": None}, {"challenge": "x" * 300}])
def test_a_handshake_without_a_usable_challenge_is_malformed(content: object):
    assert verify(a_douyin_push("verify_webhook", content)) == Malformed(400, "schema")


def test_content_may_be_an_object_or_its_text():
    as_object = draft_of("new_video_digg", {"action_type": 1, "item_id": "v"})
    as_text = draft_of("new_video_digg", '{"action_type": 1, "item_id": "v"}')
    assert as_object == as_text
    assert (as_object.type, as_object.content) == ("like.created", "v")


def test_content_of_another_form_is_kept_for_a_mapping_and_fails_where_an_object_is_due():
    assert isinstance(draft_of("something_new", "not json"), Unmapped)
    listed, text = (
        adapter.split(a_douyin_push("something_new", content, id_=None), [], {})[0]
        for content in ('[{"a": 1}]', "[not json")
    )
    assert listed.content["content"] == [{"a": 1}]
    assert text.content["content"] == "[not json"
    assert canonical_digest(listed) != canonical_digest(text)
    for content in ("not json", "[1]", 7):
        with pytest.raises(ItemFailed) as caught:
            draft_of("new_video_digg", content)
        assert caught.value.field == "content"


@pytest.mark.parametrize("content", [None, "", {}])
def test_an_event_without_content_tells_what_it_has_outside(content: object):
    assert draft_of("authorize", content).type == "account.authorized"


def test_any_other_action_takes_it_back():
    assert draft_of("new_video_digg", {"action_type": 2}).type == "like.removed"
    assert draft_of("new_follow_action", {"action_type": 2}).type == "follow.removed"


def test_times_come_in_seconds_and_in_milliseconds():
    wanted = datetime(2023, 6, 15, 6, 47, 23, tzinfo=UTC)
    for value in (1686811643, "1686811643", 1686811643000):
        assert draft_of("new_follow_action", {"action_time": value}).occurred_at == wanted


def test_a_permission_is_given_anew_when_it_was_changed():
    times = {"create_time": 1670229453, "update_time": 1686811643}
    wanted = datetime(2023, 6, 15, 6, 47, 23, tzinfo=UTC)
    assert draft_of("im_authorize", times).occurred_at == wanted


@pytest.mark.parametrize("value", [0, 123123, -5, "soon", 10**18, None])
def test_a_time_that_cannot_be_believed_is_the_arrival(value: object):
    assert draft_of("new_follow_action", {"action_time": value}).occurred_at == NOW


def test_a_comment_has_its_writer_text_and_place():
    draft = draft_of(
        "item_comment_reply",
        {
            "comment_id": "c-1",
            "comment_user_id": "fan-2",
            "content": "好看",
            "reply_to_item_id": "v-1",
            "reply_to_comment_id": "c-0",
        },
    )
    assert (draft.actor.external_id, draft.text) == ("fan-2", "好看")
    assert (draft.content, draft.parent_external_id) == ("v-1", "c-0")
    assert not draft.by_channel


def test_ids_that_came_as_numbers_are_texts():
    draft = draft_of("im_receive_msg", {"server_message_id": 9007199254740993, "message_type": 1})
    assert draft.context["server_message_id"] == "9007199254740993"
    assert draft.context["message_type"] == 1


def test_the_account_itself_makes_nobody_active():
    own = draft_of("item_comment_reply", {"comment_user_id": "account"})
    sent = draft_of("im_send_msg", {"text": "hello"})
    assert own.by_channel
    assert sent.by_channel


def test_an_order_is_paid_in_fen():
    draft = draft_of(
        "life_trade_order_notify",
        {"action": "pay_success", "order": {"order_id": 9007199254740993, "pay_amount": 1990}},
    )
    assert (draft.value.amount_minor, draft.value.currency) == (1990, "CNY")
    assert draft.context["order_id"] == "9007199254740993"


def test_other_order_actions_and_unknown_events_are_unmapped():
    assert isinstance(draft_of("life_trade_order_notify", {"action": "refund"}), Unmapped)
    assert isinstance(draft_of("something_new", {}), Unmapped)


def test_a_mobile_number_goes_no_further_than_the_delivery():
    draft = draft_of("life_member_join", {"account_id": "1", "mobile": "13800000000"})
    assert "13800000000" not in repr(draft)


def test_an_id_that_is_too_long_fails_instead_of_becoming_somebody_elses():
    with pytest.raises(ItemFailed) as caught:
        draft_of("new_follow_action", {}, from_user_id="x" * 300)
    assert caught.value.field == "open_id"


def test_the_message_id_is_the_key_and_the_log_id_is_not_content():
    first = adapter.split(a_douyin_push("e", {}, id_="m", log_id="1"), [], {})[0]
    again = adapter.split(a_douyin_push("e", {}, id_="m", log_id="2"), [], {})[0]
    assert first.dedup_key == again.dedup_key == "m"
    assert canonical_digest(first) == canonical_digest(again)
    assert adapter.split(a_douyin_push("e", {}, id_=None), [], {})[0].dedup_key is None


def test_the_sample_is_signed_and_counts_nothing():
    sample = adapter.sample({"client_secret": CLIENT_SECRET}, {}, now=NOW, unique="1")
    assert verify(sample) == Verified(0)
    (item,) = adapter.split(sample, [], {})
    assert types_of(adapter.normalise(item, CONTEXT)) == ["unmapped"]
