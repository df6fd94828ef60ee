"""哔哩哔哩: unsigned hints."""

from datetime import UTC, datetime

import msgspec
import pytest
from mediaops_ingest.platforms.bilibili import Bilibili
from mediaops_ingest.platforms.port import Handshake, Malformed, Refused, Unmapped, Verified

from tests.ingest.platforms.chinese_signers import a_post, as_json
from tests.ingest.platforms.examples import a_context, types_of
from tests.ingest.platforms.signers import NOW

adapter = Bilibili()
CONTEXT = a_context(platform="bilibili", received_at=NOW)


def verify(request, *live):
    return adapter.prepare(live, {}).verify(request)


def a_push(event: object, content: object, query: bytes = b""):
    push = {"event": event, "content": content, "timestamp": "2026-11-22 16:30:00"}
    return a_post(as_json(push), query=query)


def draft_of(event: str, content: object):
    (item,) = adapter.split(a_push(event, content), [], {})
    (draft,) = adapter.normalise(item, CONTEXT)
    return draft


def test_the_challenge_comes_back_as_it_came():
    for challenge, body in (
        (9007199254740993, b'{"data":9007199254740993}'),
        ("7", b'{"data":"7"}'),
    ):
        verdict = verify(a_push("verify_webhooks", {"data": challenge}))
        assert isinstance(verdict, Handshake)
        assert verdict.answer.body == body
    assert verify(a_push("verify_webhooks", {"data": None})) == Malformed(400, "schema")


def test_once_a_bearer_is_set_every_request_needs_it():
    bearer = {"bearer": "b-of-a-test"}
    assert verify(a_push("authorize", {})) == Verified(0)
    assert verify(a_push("authorize", {}), bearer) == Refused("auth")
    assert verify(a_push("verify_webhooks", {"data": 1}), bearer) == Refused("auth")
    named = a_push("authorize", {}, query=b"access_token=b-of-a-test")
    assert verify(named, bearer) == Verified(0)
    assert verify(named, {"bearer": "new"}, bearer) == Verified(1)


def test_times_are_those_of_beijing_and_ids_lose_their_blanks():
    draft = draft_of("video_open", {"openid": "o-1 ", "resource_id": "BV1"})
    assert (draft.type, draft.content) == ("video.published", "BV1")
    assert draft.actor.external_id == "o-1"
    assert draft.occurred_at == datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    assert draft.by_channel


def test_every_event_that_is_known_has_its_type():
    assert draft_of("authorize", {"permits": "USER_INFO"}).type == "account.authorized"
    assert draft_of("deauthorize", {}).type == "account.deauthorized"
    assert draft_of("video_fail", {}).type == "video.publish_failed"
    assert isinstance(draft_of("video_close", {}), Unmapped)


@pytest.mark.parametrize(("event", "content"), [(None, {}), ("", {}), (7, {}), ("authorize", "x")])
def test_without_a_signature_the_form_is_checked(event: object, content: object):
    assert verify(a_push(event, content)) == Malformed(400, "schema")


def test_the_sample_is_accepted_and_counts_nothing():
    for secrets in ({}, {"bearer": "b"}):
        sample = adapter.sample(secrets, {}, now=NOW, unique="1")
        assert verify(sample, secrets) == Verified(0)
        (item,) = adapter.split(sample, [], {})
        assert types_of(adapter.normalise(item, CONTEXT)) == ["unmapped"]
    assert verify(msgspec.structs.replace(sample, body=b"[")) == Malformed(400, "json")
