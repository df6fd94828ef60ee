"""QQ 机器人: ed25519, and a handshake that signs for strangers."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from mediaops_ingest.platforms.port import Handshake, Malformed, Refused, Unmapped, Verified
from mediaops_ingest.platforms.qq_bot import QqBot

from tests.ingest.platforms.chinese_signers import QQ, a_post, a_qq_push, as_json
from tests.ingest.platforms.examples import a_context, types_of
from tests.ingest.platforms.signers import NOW

adapter = QqBot()
CONTEXT = a_context(platform="qq", id_scope="channel", received_at=NOW)


def verify(request, *live):
    return adapter.prepare(live or [QQ], {}).verify(request)


def draft_of(name: str, told: object):
    (item,) = adapter.split(a_qq_push(name, told), [], {})
    (draft,) = adapter.normalise(item, CONTEXT)
    return draft


def a_validation(token: object, stamp: object = "1795338000"):
    return a_post(as_json({"op": 13, "d": {"plain_token": token, "event_ts": stamp}}))


def test_a_push_is_verified_and_acknowledged_with_op_12():
    request = a_qq_push("C2C_MESSAGE_CREATE", {})
    assert verify(request) == Verified(0)
    assert adapter.prepare([QQ], {}).answer(request, Verified(0)).body == b'{"op":12}'
    assert verify(request, {"app_secret": "new"}, QQ) == Verified(1)
    assert verify(request, {"app_secret": "new"}) == Refused("signature")


def test_the_time_is_signed_and_may_be_five_minutes_off():
    request = a_qq_push("X", {})
    late = msgspec.structs.replace(request, now=NOW + timedelta(minutes=6))
    early = msgspec.structs.replace(request, now=NOW - timedelta(minutes=6))
    assert verify(late) == verify(early) == Refused("timestamp")


def test_the_address_is_validated_by_signing_what_was_sent():
    verdict = verify(a_validation("Arq0D5A61EgUu4OxUvOp"))
    assert isinstance(verdict, Handshake)
    answer = msgspec.json.decode(verdict.answer.body)
    assert answer["plain_token"] == "Arq0D5A61EgUu4OxUvOp"
    seed = (QQ["app_secret"] * 2)[:32].encode()
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    public.verify(bytes.fromhex(answer["signature"]), b"1795338000Arq0D5A61EgUu4OxUvOp")


@pytest.mark.parametrize(
    ("token", "stamp"),
    [
        ('{"op":0,"t":"FRIEND_ADD","d":{}}', "1795338000"),
        ('{"op":0}', ""),
        ("x", "1795338000{"),
        ("", "1795338000"),
        ("x" * 129, "1"),
        (7, "1"),
        ("x", 1795338000),
        (None, None),
    ],
)
def test_nothing_is_signed_for_a_stranger_that_could_pass_for_a_push(token: object, stamp: object):
    assert verify(a_validation(token, stamp)) == Refused("header")


def test_a_wrongly_signed_validation_is_refused_and_a_right_one_answered():
    body = as_json({"op": 13, "d": {"plain_token": "t", "event_ts": "1"}})
    signed = a_qq_push("", {}, body=body)
    assert isinstance(verify(signed), Handshake)
    assert verify(signed, {"app_secret": "other"}) == Refused("signature")
    assert adapter.prepare([], {}).verify(a_validation("t")) == Refused("signature")


def test_messages_have_their_writer_place_and_text():
    group = draft_of(
        "GROUP_AT_MESSAGE_CREATE",
        {
            "id": "m-1",
            "content": " 报名",
            "timestamp": "2026-11-22T16:30:00+08:00",
            "group_openid": "G1",
            "author": {"member_openid": "M1"},
        },
    )
    assert (group.type, group.text, group.actor.external_id) == ("message.received", "报名", "M1")
    assert group.occurred_at == datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    assert group.context["group_id"] == "G1"
    alone = draft_of("C2C_MESSAGE_CREATE", {"author": {"user_openid": "U1"}, "content": "在吗"})
    assert (alone.actor.external_id, alone.actor.id_scope) == ("U1", "channel")


def test_friends_are_followers_and_other_events_are_unmapped():
    added = draft_of("FRIEND_ADD", {"openid": "U1", "timestamp": 1795334400})
    assert (added.type, added.actor.external_id) == ("follow.created", "U1")
    assert added.occurred_at == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert draft_of("FRIEND_DEL", {"openid": "U1"}).type == "follow.removed"
    assert draft_of("GROUP_ADD_ROBOT", {"op_member_openid": "M"}).type == "group.created"
    assert isinstance(draft_of("AT_MESSAGE_CREATE", {}), Unmapped)


def test_a_rightly_signed_body_of_another_form_is_malformed():
    assert verify(a_qq_push("", {}, body=b"[]")) == Malformed(400, "schema")
    assert verify(a_qq_push("", {}, body=b"{")) == Malformed(400, "json")


def test_the_sample_is_signed_and_counts_nothing():
    sample = adapter.sample(QQ, {}, now=NOW, unique="1")
    assert verify(sample) == Verified(0)
    (item,) = adapter.split(sample, [], {})
    assert types_of(adapter.normalise(item, CONTEXT)) == ["unmapped"]
