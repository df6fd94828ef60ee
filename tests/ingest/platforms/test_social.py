"""What Meta, X and YouTube send."""

from typing import Any

import pytest
from mediaops_ingest.platforms.port import (
    ActivityDraft,
    Handshake,
    Malformed,
    Refused,
)

from tests.ingest.platforms.examples import types_of
from tests.ingest.platforms.international_signers import (
    SECONDS,
    a_push,
    an_atom_feed,
    an_example,
)
from tests.ingest.platforms.trying import an_activity, drafts, items, types, verify


def a_change(field: str, **value: Any) -> dict[str, Any]:
    change = {"field": field, "value": value}
    return {"object": "page", "entry": [{"id": "p1", "time": SECONDS, "changes": [change]}]}


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        ({"item": "comment", "verb": "add"}, "comment.created"),
        ({"item": "comment", "verb": "remove"}, "comment.removed"),
        ({"item": "comment", "verb": "edited"}, "unmapped"),
        ({"item": "reaction", "verb": "add"}, "like.created"),
        ({"item": "like", "verb": "remove"}, "like.removed"),
        ({"item": "share", "verb": "add"}, "share.created"),
        ({"item": "status", "verb": "add"}, "post.published"),
        ({"item": "video", "verb": "add"}, "video.published"),
    ],
)
def test_what_happens_on_a_page(value: dict[str, Any], type_: str):
    assert types("meta-graph", a_change("feed", post_id="p1_1", **value)) == [type_]


def test_what_the_page_does_itself_makes_nobody_active():
    own = a_change("feed", item="comment", verb="add", comment_id="c", **{"from": {"id": "p1"}})
    assert an_activity(drafts("meta-graph", own)).by_channel


def test_messages_of_a_page_echoes_and_buttons():
    def messaging(**told: Any) -> dict[str, Any]:
        one = {"sender": {"id": "7"}, "recipient": {"id": "p1"}, "timestamp": SECONDS * 1000}
        return {"object": "page", "entry": [{"id": "p1", "messaging": [{**one, **told}]}]}

    assert types("meta-graph", messaging(message={"mid": "1"})) == ["message.received"]
    assert types("meta-graph", messaging(message={"mid": "1", "is_echo": True})) == ["message.sent"]
    assert types("meta-graph", messaging(postback={"payload": "GO"})) == ["menu.clicked"]
    assert types("meta-graph", messaging(read={"watermark": 1})) == ["unmapped"]


def test_messages_and_statuses_of_whatsapp():
    value = {
        "messaging_product": "whatsapp",
        "contacts": [{"wa_id": "86", "profile": {"name": "林"}}],
        "messages": [{"id": "wamid.1", "from": "86", "timestamp": str(SECONDS), "type": "text"}],
        "statuses": [
            {"id": "wamid.2", "status": "sent", "recipient_id": "86"},
            {"id": "wamid.2", "status": "read", "recipient_id": "86"},
        ],
    }
    found = drafts("meta-graph", a_change("messages", **value))
    assert types_of(found) == ["message.received", "message.sent", "unmapped"]
    first = found[0]
    assert isinstance(first, ActivityDraft)
    assert first.actor is not None
    assert (first.actor.external_id, first.actor.name) == ("86", "林")


def test_a_second_like_after_a_removal_is_another_act():
    like = {"item": "like", "verb": "add", "post_id": "1", "from": {"id": "9"}}
    keys = {
        items("meta-graph", a_push("meta-graph", a_change("feed", created_time=t, **like)))[
            0
        ].dedup_key
        for t in (SECONDS, SECONDS, SECONDS + 60)
    }
    assert len(keys) == 2


def test_meta_checks_the_address_with_its_own_token():
    asked = {"hub.mode": "subscribe", "hub.challenge": "42", "hub.verify_token": "meta-token"}
    verdict = verify("meta-graph", a_push("meta-graph", b"", method="GET", query=asked))
    assert isinstance(verdict, Handshake)
    assert verdict.answer.body == b"42"
    wrong = verify(
        "meta-graph",
        a_push("meta-graph", b"", method="GET", query={**asked, "hub.verify_token": "x"}),
    )
    assert wrong == Refused("token", 403)
    only_token = {"verify_token": "meta-token"}
    assert isinstance(verify("meta-graph", an_example("meta-graph"), only_token), Refused)


def an_x_event(kind: str, **payload: Any) -> dict[str, Any]:
    return {
        "data": {
            "event_uuid": "e",
            "event_type": kind,
            "filter": {"user_id": "1"},
            "payload": payload,
        }
    }


REPLIED = [{"type": "replied_to", "id": "90"}]


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        (an_x_event("follow.unfollow", source={"id": "2"}), "follow.removed"),
        (an_x_event("like.create", user={"id": "2"}, post_id="9"), "like.created"),
        (an_x_event("post.create", id="9", author_id="1"), "post.published"),
        (an_x_event("post.create", id="9", author_id="2"), "mention.created"),
        (
            an_x_event(
                "post.create",
                id="9",
                author_id="2",
                in_reply_to_user_id="1",
                referenced_tweets=REPLIED,
            ),
            "comment.created",
        ),
        (
            an_x_event(
                "post.create",
                id="9",
                author_id="2",
                in_reply_to_user_id="3",
                referenced_tweets=REPLIED,
            ),
            "mention.created",
        ),
        (
            an_x_event(
                "post.create",
                id="9",
                author_id="2",
                referenced_tweets=[{"type": "retweeted", "id": "90"}],
            ),
            "share.created",
        ),
        (an_x_event("post.delete", id="9"), "comment.removed"),
        (an_x_event("post.delete", id="9", author_id="1"), "comment.removed"),
        (an_x_event("dm.received", id="9", sender_id="2"), "message.received"),
        (an_x_event("profile.update.bio"), "unmapped"),
    ],
)
def test_what_x_tells(body: dict[str, Any], type_: str):
    assert types("x-activity", body) == [type_]


@pytest.mark.parametrize("token", ["", '{"data":{}}', "a b", "[1]", "x" * 513, "小"])
def test_the_challenge_of_x_signs_nothing_that_could_be_a_body(token: str):
    asked = a_push("x-activity", b"", method="GET", query={"crc_token": token})
    assert verify("x-activity", asked) == Malformed(400, "schema")


def test_the_older_envelope_of_x_holds_several():
    body = {
        "for_user_id": "1",
        "follow_events": [{"type": "unfollow", "source": {"id": "2"}, "target": {"id": "1"}}],
        "tweet_create_events": [
            {"id_str": "90", "user": {"id_str": "1"}, "text": "own"},
            {"id_str": "91", "user": {"id_str": "2"}, "in_reply_to_status_id_str": "90"},
            {"id_str": "92", "user": {"id_str": "2"}, "retweeted_status": {"id_str": "90"}},
        ],
        "favorite_events": [
            {"id": "f1", "user": {"id_str": "1"}, "favorited_status": {"id_str": "5"}},
        ],
        "direct_message_events": [
            {"id": "5", "message_create": {"sender_id": "1", "message_data": {"text": "x"}}}
        ],
    }
    found = drafts("x-activity", body)
    assert sorted(types_of(found)) == [
        "comment.created",
        "follow.removed",
        "like.created",
        "message.sent",
        "post.published",
        "share.created",
    ]
    # What the account does itself makes nobody active.
    by_channel = {one.type for one in found if isinstance(one, ActivityDraft) and one.by_channel}
    assert by_channel == {"like.created", "message.sent", "post.published"}


def test_a_video_is_new_within_an_hour_of_its_publication():
    new = an_atom_feed(published="2026-11-22T08:00:00+00:00", updated="2026-11-22T09:00:00+00:00")
    old = an_atom_feed(published="2026-11-22T07:59:59+00:00", updated="2026-11-22T09:00:00+00:00")
    assert types("youtube-websub", new) == ["video.published"]
    assert types("youtube-websub", old) == ["video.updated"]


def test_a_push_of_a_topic_that_was_not_asked_for_is_dropped_with_a_success():
    feed = an_atom_feed(
        published="2026-11-22T08:00:00Z", updated="2026-11-22T08:00:00Z", channel="UC2"
    )
    verdict = verify("youtube-websub", a_push("youtube-websub", feed))
    assert verdict == Refused("topic", 204)


@pytest.mark.parametrize(
    "feed",
    [
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><feed>&a;</feed>",
        b"<feed>",
        b"",
    ],
)
def test_a_feed_with_entities_or_none_at_all_is_malformed(feed: bytes):
    assert verify("youtube-websub", a_push("youtube-websub", feed)) == Malformed(400, "xml")
