"""微博 and 小红书小程序: a signature in the query, which leaves the body open."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from mediaops_ingest.platforms.port import Handshake, Malformed, Refused, Unmapped, Verified
from mediaops_ingest.platforms.weibo import Weibo
from mediaops_ingest.platforms.xiaohongshu_miniapp import XiaohongshuMiniapp

from tests.ingest.platforms.chinese_signers import (
    MINIAPP,
    SECONDS,
    WEIBO,
    a_miniapp_push,
    a_signed_query,
    a_weibo_push,
)
from tests.ingest.platforms.examples import a_context, types_of
from tests.ingest.platforms.signers import NOW

weibo, miniapp = Weibo(), XiaohongshuMiniapp()
CONTEXT = a_context(platform="weibo", received_at=NOW)


def verify(request, adapter=weibo, secrets=WEIBO):
    return adapter.prepare([secrets], {}).verify(request)


def item_of(*args: object, **outside: object):
    (item,) = weibo.split(a_weibo_push(*args, **outside), [], {})
    return item


def draft_of(*args: object, **outside: object):
    (draft,) = weibo.normalise(item_of(*args, **outside), CONTEXT)
    return draft


@pytest.mark.parametrize(
    ("adapter", "secrets", "stamp"), [(weibo, WEIBO, f"{SECONDS}000"), (miniapp, MINIAPP, SECONDS)]
)
def test_the_address_is_checked_by_an_echo(adapter, secrets, stamp):
    (secret,) = secrets.values()
    query = a_signed_query(secret, stamp, echostr="<b>9527")
    check = msgspec.structs.replace(a_weibo_push("x"), method="GET", query=query, body=b"")
    verdict = verify(check, adapter, secrets)
    assert isinstance(verdict, Handshake)
    assert (verdict.answer.body, verdict.answer.content_type) == (b"<b>9527", "text/plain")
    late = msgspec.structs.replace(check, now=NOW + timedelta(minutes=6))
    assert verify(late, adapter, secrets) == Refused("timestamp")
    assert verify(check, adapter, dict.fromkeys(secrets, "other")) == Refused("signature")
    bare = msgspec.structs.replace(check, query=a_signed_query(secret, stamp))
    assert verify(bare, adapter, secrets) == Malformed(400, "schema")


def test_a_push_is_answered_with_nothing_at_all():
    request = a_weibo_push("event", "follow")
    assert verify(request) == Verified(0)
    answer = weibo.prepare([WEIBO], {}).answer(request, Verified(0))
    assert (answer.status, answer.body) == (200, b"")


def test_a_time_in_seconds_is_decades_off():
    query = a_signed_query(WEIBO["app_secret"], SECONDS)
    assert verify(msgspec.structs.replace(a_weibo_push("text"), query=query)) == Refused(
        "timestamp"
    )


def test_every_event_has_its_type_and_its_moment():
    for subtype, type_ in (
        ("follow", "follow.created"),
        ("unfollow", "follow.removed"),
        ("subscribe", "subscription.created"),
        ("unsubscribe", "subscription.removed"),
        ("scan", "qrcode.scanned"),
        ("mention", "mention.created"),
    ):
        draft = draft_of("event", subtype)
        assert (draft.type, draft.text) == (type_, None)
        assert draft.actor.external_id == "2489518277"
        assert draft.occurred_at == datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    assert draft_of("mention").type == "mention.created"
    assert isinstance(draft_of("event", "click"), Unmapped)
    assert isinstance(draft_of("event"), Unmapped)


def test_a_code_that_was_scanned_says_which():
    assert draft_of("event", data={"subtype": "scan", "key": "shop-7"}).context["scene"] == "shop-7"


@pytest.mark.parametrize("kind", ["text", "image", "voice", "position"])
def test_a_message_has_its_text_and_not_its_place(kind: str):
    draft = draft_of(kind, data={"longitude": "116.4", "latitude": "39.9"})
    assert (draft.type, draft.text) == ("message.received", "文字")
    assert "116.4" not in repr(draft)


def test_events_of_one_second_stay_apart():
    keys = {item_of("event", name).dedup_key for name in ("follow", "subscribe", "scan")}
    assert len(keys) == 3
    assert item_of("event", "follow", sender_id=None).dedup_key is None


@pytest.mark.parametrize("outside", [{"type": 7}, {"sender_id": None}, {"sender_id": "x" * 300}])
def test_a_push_without_type_or_sender_is_malformed(outside: dict):
    assert verify(a_weibo_push("text", **outside)) == Malformed(400, "schema")


def test_what_nobody_can_open_is_kept_and_counts_nothing():
    request = a_miniapp_push({"encrypt": "AAAA"})
    assert verify(request, miniapp, MINIAPP) == Verified(0)
    (item,) = miniapp.split(request, [], {})
    assert types_of(miniapp.normalise(item, CONTEXT)) == ["unmapped"]
    assert verify(a_miniapp_push([]), miniapp, MINIAPP) == Malformed(400, "schema")


@pytest.mark.parametrize(("adapter", "secrets"), [(weibo, WEIBO), (miniapp, MINIAPP)])
def test_the_sample_is_signed_and_counts_nothing(adapter, secrets):
    sample = adapter.sample(secrets, {}, now=NOW, unique="1")
    assert verify(sample, adapter, secrets) == Verified(0)
    (item,) = adapter.split(sample, [], {})
    assert types_of(adapter.normalise(item, CONTEXT)) == ["unmapped"]
