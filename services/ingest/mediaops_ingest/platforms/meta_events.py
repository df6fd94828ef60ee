"""What the changes and messages of Meta's Page, Instagram and WhatsApp mean."""

from collections.abc import Callable, Mapping
from typing import Any

from mediaops_ingest.platforms.fields import (
    actor_of,
    id_of,
    list_of,
    present,
    text_of,
    whole_number,
)
from mediaops_ingest.platforms.meta_items import Told
from mediaops_ingest.platforms.port import (
    ActivityDraft,
    Context,
    Draft,
    SnapshotDraft,
    Unmapped,
)
from mediaops_ingest.platforms.pushes import inner
from mediaops_ingest.platforms.times import first_believable, seconds_or_milliseconds

__all__ = ["MEANINGS", "drafts_of"]

MEANINGS: Mapping[str, tuple[str, ...]] = {
    "feed: comment": ("comment.created", "comment.removed"),
    "feed: reaction, like": ("like.created", "like.removed"),
    "feed: share": ("share.created",),
    "feed: status, post, photo, link": ("post.published",),
    "feed: video": ("video.published",),
    "mention, mentions": ("mention.created",),
    "comments, live_comments": ("comment.created",),
    "messaging": ("message.received", "message.sent", "menu.clicked"),
    "messages (WhatsApp)": ("message.received", "message.sent"),
    "story_insights": ("metrics.snapshot",),
}

_FEED = {
    ("comment", "add"): "comment.created",
    ("comment", "remove"): "comment.removed",
    ("reaction", "add"): "like.created",
    ("reaction", "remove"): "like.removed",
    ("like", "add"): "like.created",
    ("like", "remove"): "like.removed",
    ("share", "add"): "share.created",
    ("status", "add"): "post.published",
    ("post", "add"): "post.published",
    ("photo", "add"): "post.published",
    ("link", "add"): "post.published",
    ("video", "add"): "video.published",
}
"""A new text for an old comment or post (`edit`, `edited`) is nothing that was done anew."""


def drafts_of(told: Told, context: Context) -> list[Draft]:
    """The drafts of one change or message. Raises `ItemFailed` for an id that is too long."""
    field, value = told.get("field"), told.get("value")
    read = _FIELDS.get(field) if isinstance(field, str) else None
    if read is None or not isinstance(value, dict):
        return [Unmapped(f"field {str(field)[:120]!r} is not known")]
    return read(told, value, context)


def _feed(told: Told, value: Told, context: Context) -> list[Draft]:
    item, verb = value.get("item"), value.get("verb")
    type_ = _FEED.get((item, verb)) if isinstance(item, str) and isinstance(verb, str) else None
    if type_ is None:
        return [Unmapped(f"item {str(item)[:60]!r}, verb {str(verb)[:60]!r}")]
    person = inner(value, "from")
    sender = person.get("id") or value.get("sender_id")
    parent = value.get("parent_id")
    return [
        ActivityDraft(
            type=type_,
            occurred_at=_moment(context, value.get("created_time"), told.get("time")),
            actor=actor_of(
                sender, "from.id", context, name=person.get("name") or value.get("sender_name")
            ),
            content=id_of(value.get("post_id"), "post_id"),
            text=text_of(value.get("message"), limit=20_000),
            parent_external_id=id_of(parent, "parent_id") if item == "comment" else None,
            context=present(
                comment_id=text_of(value.get("comment_id")),
                reaction=text_of(value.get("reaction_type")),
                share_id=text_of(value.get("share_id")),
            ),
            by_channel=_is_entry(sender, told),
        )
    ]


def _comment(told: Told, value: Told, context: Context) -> list[Draft]:
    person, media = inner(value, "from"), inner(value, "media")
    return [
        ActivityDraft(
            type="comment.created",
            occurred_at=_moment(context, value.get("created_time"), told.get("time")),
            actor=actor_of(person.get("id"), "from.id", context, name=person.get("username")),
            content=id_of(media.get("id"), "media.id"),
            text=text_of(value.get("text"), limit=20_000),
            parent_external_id=id_of(value.get("parent_id"), "parent_id"),
            context=present(
                comment_id=text_of(value.get("id")),
                media_type=text_of(media.get("media_product_type")),
            ),
            by_channel=_is_entry(person.get("id"), told),
        )
    ]


def _mention(told: Told, value: Told, context: Context) -> list[Draft]:
    person = inner(value, "from")
    sender = person.get("id") or value.get("sender_id")
    return [
        ActivityDraft(
            type="mention.created",
            occurred_at=_moment(context, value.get("created_time"), told.get("time")),
            actor=actor_of(
                sender, "from.id", context, name=person.get("name") or value.get("sender_name")
            ),
            content=id_of(value.get("media_id") or value.get("post_id"), "media_id"),
            text=text_of(value.get("message"), limit=20_000),
            context=present(comment_id=text_of(value.get("comment_id"))),
        )
    ]


def _messaging(told: Told, value: Told, context: Context) -> list[Draft]:
    message, postback = inner(value, "message"), inner(value, "postback")
    if not message and not postback:
        return [Unmapped(f"messaging of {', '.join(sorted(value))[:120]}")]
    is_echo = message.get("is_echo") is True
    sender, receiver = inner(value, "sender").get("id"), inner(value, "recipient").get("id")
    sent, received = ("message.sent", "message.received")
    return [
        ActivityDraft(
            type="menu.clicked" if postback else sent if is_echo else received,
            occurred_at=_moment(context, value.get("timestamp"), told.get("time")),
            actor=actor_of(sender, "sender.id", context),
            text=text_of(message.get("text"), limit=20_000),
            context=present(
                message_id=text_of(message.get("mid") or postback.get("mid")),
                key=text_of(postback.get("payload"), limit=2048),
                to_user_id=text_of(receiver),
            ),
            by_channel=is_echo or _is_entry(sender, told),
        )
    ]


def _whatsapp_message(told: Told, value: Told, context: Context) -> list[Draft]:
    sender = value.get("from")
    names = {
        text_of(one.get("wa_id")): inner(one, "profile").get("name")
        for one in list_of(told.get("contacts"))
        if isinstance(one, dict)
    }
    return [
        ActivityDraft(
            type="message.received",
            occurred_at=_moment(context, value.get("timestamp"), told.get("time")),
            actor=actor_of(sender, "from", context, name=names.get(text_of(sender))),
            text=text_of(inner(value, "text").get("body"), limit=20_000),
            context=present(
                message_id=text_of(value.get("id")), message_type=text_of(value.get("type"))
            ),
        )
    ]


def _whatsapp_status(told: Told, value: Told, context: Context) -> list[Draft]:
    if value.get("status") != "sent":
        return [Unmapped(f"status {str(value.get('status'))[:60]!r} of a message")]
    return [
        ActivityDraft(
            type="message.sent",
            occurred_at=_moment(context, value.get("timestamp"), told.get("time")),
            context=present(
                message_id=text_of(value.get("id")), to_user_id=text_of(value.get("recipient_id"))
            ),
            by_channel=True,
        )
    ]


def _insights(told: Told, value: Told, context: Context) -> list[Draft]:
    """One snapshot for each counter of the story, which is over: the numbers are its last."""
    content = id_of(value.get("media_id"), "media_id")
    as_of = _moment(context, told.get("time"))
    counters = {name: whole_number(number) for name, number in value.items() if name != "media_id"}
    found: list[Draft] = [
        SnapshotDraft(
            metric=f"story_{name}"[:64],
            value=number,
            kind="cumulative",
            as_of=as_of,
            content=content,
        )
        for name, number in counters.items()
        if number is not None
        and name.isascii()
        and name.replace("_", "").isalpha()
        and name.islower()
    ]
    return found or [Unmapped("insights without a number")]


def _moment(context: Context, *times: Any) -> Any:
    return first_believable(context.received_at, *map(seconds_or_milliseconds, times))


def _is_entry(person: Any, told: Told) -> bool:
    """Whether the page itself did it."""
    return person is not None and text_of(person) == text_of(told.get("entry"))


_FIELDS: dict[str, Callable[[Told, Told, Context], list[Draft]]] = {
    "feed": _feed,
    "mention": _mention,
    "comments": _comment,
    "live_comments": _comment,
    "mentions": _mention,
    "story_insights": _insights,
    "messaging": _messaging,
    "standby": _messaging,
    "whatsapp.messages": _whatsapp_message,
    "whatsapp.statuses": _whatsapp_status,
}
