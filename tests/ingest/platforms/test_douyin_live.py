"""抖音直播: batches of a live room."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from mediaops_ingest.platforms.douyin_live import DouyinLive
from mediaops_ingest.platforms.identity import canonical_digest
from mediaops_ingest.platforms.port import (
    Ignored,
    ItemFailed,
    Malformed,
    Refused,
    Unmapped,
    Verified,
)

from tests.ingest.platforms.chinese_signers import LIVE, a_live_batch
from tests.ingest.platforms.examples import a_context, types_of
from tests.ingest.platforms.signers import NOW

adapter = DouyinLive()
CONTEXT = a_context(platform="douyin", received_at=NOW)


def verify(request):
    return adapter.prepare([LIVE], {}).verify(request)


def drafts_of(request):
    items = adapter.split(request, [LIVE], {})
    return [draft for item in items for draft in adapter.normalise(item, CONTEXT)]


def draft_of(kind: str, **item: object):
    (draft,) = drafts_of(a_live_batch(kind, item))
    return draft


def test_a_batch_is_as_many_activities_as_it_has_items():
    request = a_live_batch(
        "live_like",
        {"msg_id": "l-1", "sec_openid": "o-1", "like_num": "12", "timestamp": 1795334400000},
        {"msg_id": "l-2", "sec_openid": "o-2", "like_num": 3},
    )
    assert verify(request) == Verified(0)
    first, second = drafts_of(request)
    assert (first.type, first.count, first.actor.external_id) == ("like.created", 12, "o-1")
    assert first.occurred_at == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert (second.count, second.occurred_at) == (3, NOW)
    keys = [item.dedup_key for item in adapter.split(request, [], {})]
    assert keys == ["live_like:l-1", "live_like:l-2"]


def test_the_content_is_the_room():
    draft = draft_of("live_comment", msg_id="c", content="已下单", nickname="小林", sec_openid="o")
    assert (draft.type, draft.text, draft.content) == ("comment.created", "已下单", "7300")
    assert draft.actor.name == "小林"


def test_a_gift_counts_and_is_no_money():
    draft = draft_of("live_gift", msg_id="g", sec_gift_id="gift-9", gift_num=2, gift_value=20)
    assert (draft.type, draft.count, draft.value) == ("gift.sent", 2, None)
    assert draft.context == {"gift_id": "gift-9", "gift_value": 20}


def test_a_fan_club_is_a_subscription():
    draft = draft_of("live_fansclub", msg_id="f", fansclub_reason_type=2, fansclub_level=1)
    assert (draft.type, draft.context) == ("subscription.created", {"reason": 2, "level": 1})


def test_sent_again_with_another_nonce_it_is_the_same():
    (first,), (again,) = (
        adapter.split(a_live_batch("live_like", {"msg_id": "1"}, nonce=nonce), [], {})
        for nonce in ("a", "b")
    )
    assert first.dedup_key == again.dedup_key
    assert canonical_digest(first) == canonical_digest(again)


def test_one_bad_item_does_not_spoil_its_siblings():
    request = a_live_batch("live_like", "no object", {"msg_id": "1", "like_num": -1}, {"msg_id": 2})
    bad, negative, good = adapter.split(request, [], {})
    for item in (bad, negative):
        with pytest.raises(ItemFailed):
            adapter.normalise(item, CONTEXT)
    assert types_of(adapter.normalise(good, CONTEXT)) == ["like.created"]
    assert good.dedup_key == "live_like:2"


def test_an_unknown_kind_is_unmapped_and_an_empty_batch_is_not_stored():
    assert isinstance(draft_of("user_group", msg_id="u"), Unmapped)
    assert isinstance(verify(a_live_batch("live_like")), Ignored)


def test_the_time_is_signed_in_milliseconds():
    request = a_live_batch("live_like", {"msg_id": "1"})
    for minutes, verdict in ((4, Verified(0)), (6, Refused("timestamp"))):
        for off in (timedelta(minutes=minutes), timedelta(minutes=-minutes)):
            moved = msgspec.structs.replace(request, now=NOW + off)
            assert verify(moved) == verdict


@pytest.mark.parametrize(("body", "reason"), [("abc123你好".encode(), "json"), (b"{}", "schema")])
def test_a_body_of_another_form_is_malformed_once_it_is_proved(body: bytes, reason: str):
    assert verify(a_live_batch("live_gift", body=body)) == Malformed(400, reason)


def test_the_sample_is_signed_and_counts_nothing():
    sample = adapter.sample(LIVE, {}, now=NOW, unique="1")
    assert verify(sample) == Verified(0)
    assert types_of(drafts_of(sample)) == ["unmapped"]
