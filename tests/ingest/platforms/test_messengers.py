"""What Telegram, LINE and Discord send."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from mediaops_ingest.platforms.identity import canonical_digest
from mediaops_ingest.platforms.port import (
    Answer,
    Handshake,
    Ignored,
    Refused,
    Verified,
)
from mediaops_ingest.platforms.registry import ADAPTERS

from tests.ingest.platforms.examples import types_of
from tests.ingest.platforms.international_signers import (
    SECONDS,
    SECRETS,
    a_push,
    an_example,
    an_update,
)
from tests.ingest.platforms.trying import an_activity, drafts, items, types, verify


def a_member(kind: str, before: str, after: str) -> dict[str, Any]:
    user = {"id": 7, "first_name": "林"}
    return an_update(
        chat_member={
            "chat": {"id": -1, "type": kind},
            "date": SECONDS,
            "old_chat_member": {"user": user, "status": before},
            "new_chat_member": {"user": user, "status": after},
        }
    )


LIKE = {"type": "emoji", "emoji": "👍"}


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        (a_member("channel", "left", "member"), "follow.created"),
        (a_member("channel", "member", "left"), "follow.removed"),
        (a_member("supergroup", "kicked", "administrator"), "group.member_joined"),
        (a_member("supergroup", "member", "kicked"), "group.member_left"),
        (a_member("channel", "member", "administrator"), "unmapped"),
        (an_update(channel_post={"message_id": 3, "chat": {"id": -1}}), "post.published"),
        (an_update(callback_query={"from": {"id": 7}, "data": "go"}), "menu.clicked"),
        (
            an_update(message_reaction={"old_reaction": [], "new_reaction": [LIKE]}),
            "like.created",
        ),
        (
            an_update(message_reaction={"old_reaction": [LIKE], "new_reaction": []}),
            "like.removed",
        ),
        (an_update(message={"new_chat_members": [{"id": 7}]}), "unmapped"),
        (an_update(poll={"id": "1"}), "unmapped"),
    ],
)
def test_telegram_updates(body: dict[str, Any], type_: str):
    assert types("telegram", body) == [type_]


def test_telegram_counts_of_reactions_are_a_snapshot_of_their_sum():
    counts = [{"type": LIKE, "total_count": 12}, {"type": LIKE, "total_count": 3}]
    told = {"chat": {"id": -1}, "message_id": 9, "date": SECONDS, "reactions": counts}
    [draft] = drafts("telegram", an_update(message_reaction_count=told))
    assert types_of([draft]) == ["metrics.snapshot"]
    assert (draft.value, draft.content) == (15, "-1/9")


def a_line_event(type_: str, **more: Any) -> dict[str, Any]:
    event = {
        "type": type_,
        "timestamp": SECONDS * 1000,
        "source": {"type": "user", "userId": "U1"},
        "webhookEventId": f"w-{type_}",
        "deliveryContext": {"isRedelivery": False},
        **more,
    }
    return {"destination": "U0", "events": [event]}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (a_line_event("unfollow"), ["follow.removed"]),
        (a_line_event("message", message={"id": "1", "type": "text"}), ["message.received"]),
        (a_line_event("postback", postback={"data": "a=1"}), ["menu.clicked"]),
        (a_line_event("join"), ["group.member_joined"]),
        (a_line_event("leave"), ["group.member_left"]),
        (
            a_line_event("memberJoined", joined={"members": [{"userId": "a"}, {"userId": "b"}]}),
            ["group.member_joined"] * 2,
        ),
        (a_line_event("memberLeft", left={"members": [{"userId": "a"}]}), ["group.member_left"]),
        (a_line_event("beacon"), ["unmapped"]),
    ],
)
def test_line_events(body: dict[str, Any], expected: list[str]):
    assert types("line", body) == expected


def test_a_line_redelivery_has_other_bytes_and_the_same_digest():
    again = a_line_event("follow", deliveryContext={"isRedelivery": True}, replyToken="other")
    first, second = (
        items("line", a_push("line", one))[0] for one in (a_line_event("follow"), again)
    )
    assert (first.dedup_key, canonical_digest(first)) == (
        second.dedup_key,
        canonical_digest(second),
    )
    assert isinstance(verify("line", a_push("line", {"events": []})), Ignored)


def test_discord_pings_of_both_kinds_and_their_answers():
    ping = verify("discord", a_push("discord", {"type": 1, "id": "1"}))
    assert isinstance(ping, Handshake)
    assert ping.answer.body == b'{"type":1}'
    event_ping = verify("discord", a_push("discord", {"type": 0, "version": 1}))
    assert isinstance(event_ping, Handshake)
    assert event_ping.answer.status == 204
    verifier = ADAPTERS["discord"].prepare([SECRETS["discord"]], {})
    command = json.loads(verifier.answer(an_example("discord"), Verified()).body)
    assert command["type"] == 4
    event = {"type": 1, "event": {"type": "APPLICATION_AUTHORIZED", "data": {"user": {"id": "u"}}}}
    assert types("discord", event) == ["account.authorized"]
    assert verifier.answer(a_push("discord", event), Verified()).status == 204
    # The page asks for a content type even where there is nothing to read.
    assert event_ping == Handshake(Answer(204, content_type="application/json"))


def test_the_times_of_discord_name_no_zone_and_are_in_utc():
    event = {"type": "APPLICATION_AUTHORIZED", "timestamp": "2026-11-22T08:58:00.500000"}
    body = {"type": 1, "version": 1, "event": event}
    found = an_activity(drafts("discord", body))
    assert found.occurred_at == datetime(2026, 11, 22, 8, 58, 0, 500_000, tzinfo=UTC)


def test_a_signature_of_discord_has_one_spelling():
    ping = a_push("discord", {"type": 1})
    headers = [
        (name, value.upper() if name == b"x-signature-ed25519" else value)
        for name, value in ping.headers
    ]
    upper = msgspec.structs.replace(ping, headers=headers)
    assert verify("discord", upper) == Refused("signature")
