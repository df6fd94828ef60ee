"""What the events of X mean, in the new envelope and in the older one."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from mediaops_common.events.activity import Actor

from mediaops_ingest.platforms.fields import actor_of, id_of, key_of, list_of, present, text_of
from mediaops_ingest.platforms.port import ActivityDraft, Context, Draft, Item, Unmapped
from mediaops_ingest.platforms.pushes import bounded, inner
from mediaops_ingest.platforms.strict_json import canonical_json
from mediaops_ingest.platforms.times import (
    first_believable,
    parse_rfc3339,
    seconds_or_milliseconds,
)

__all__ = ["MEANINGS", "drafts_of", "items_of"]

MEANINGS: Mapping[str, tuple[str, ...]] = {
    "post.create, tweet_create_events": (
        "post.published",
        "comment.created",
        "mention.created",
        "share.created",
    ),
    "post.delete, tweet_delete_events": ("comment.removed",),
    "follow.follow, follow_events": ("follow.created",),
    "follow.unfollow": ("follow.removed",),
    "like.create, favorite_events": ("like.created",),
    "dm.received, direct_message_events": ("message.received",),
    "dm.sent": ("message.sent",),
}

_LISTS = {
    "favorite_events": "like.create",
    "follow_events": "follow",
    "tweet_create_events": "post.create",
    "tweet_delete_events": "post.delete",
    "direct_message_events": "dm",
}
"""The older envelope's lists → the kind that they hold in the new one's words."""

_OLD_TIME = "%a %b %d %H:%M:%S %z %Y"


def items_of(body: dict[str, Any]) -> list[Item]:
    """The new envelope holds one event, the older one lists of them."""
    if isinstance(body.get("data"), dict):
        event = body["data"]
        owner = inner(event, "filter").get("user_id")
        content = {"kind": event.get("event_type"), "of": owner, "thing": event.get("payload")}
        return [_item(0, key_of(event.get("event_uuid")), event, content, event)]
    owner = body.get("for_user_id")
    found: list[Item] = []
    for name, kind in _LISTS.items():
        for thing in list_of(body.get(name)):
            content = {"kind": kind, "of": owner, "thing": thing}
            key = _key_of(kind, thing)
            found.append(_item(len(found), key, [name, owner, thing], content, thing))
    return bounded(found) or [
        _item(0, None, body, {"kind": None, "of": owner, "thing": body}, body)
    ]


def _key_of(kind: str, thing: Any) -> str | None:
    """A follow has no id; posts carry one as text and, too long for most readers, as a number."""
    if not isinstance(thing, dict) or kind == "follow":
        return None
    if kind == "post.delete":
        id_ = key_of(inner(thing, "status").get("id"))
        return f"delete {id_}" if id_ else None
    return key_of(thing.get("id_str") or thing.get("id"))


def _item(index: int, key: str | None, told: Any, content: Any, thing: Any) -> Item:
    members = thing if isinstance(thing, dict) else {}
    return Item(
        index=index,
        dedup_key=key,
        canonical=canonical_json(told),
        content=content,
        time=_time_of({**inner(members, "payload"), **members}),
    )


def _time_of(thing: Mapping[str, Any]) -> datetime | None:
    for name in ("timestamp_ms", "created_timestamp"):
        moment = seconds_or_milliseconds(thing.get(name))
        if moment:
            return moment
    created = thing.get("created_at")
    if isinstance(created, str) and len(created) <= 64:
        with suppress(ValueError, OverflowError):
            return parse_rfc3339(created) or datetime.strptime(created, _OLD_TIME).astimezone(UTC)
    return None


def drafts_of(item: Item, context: Context) -> Draft:
    """The one draft of an item. Raises `ItemFailed` for an id that is too long."""
    content = item.content
    kind, thing = content.get("kind"), content.get("thing")
    read = _KINDS.get(kind) if isinstance(kind, str) else None
    if read is None or not isinstance(thing, dict):
        return Unmapped(f"event {str(kind)[:120]!r} is not known")
    moment = first_believable(context.received_at, item.time)
    return read(thing, id_of(content.get("of"), "user_id"), moment, context)


_Read = Callable[[dict[str, Any], str | None, datetime, Context], Draft]


def _person(user: Mapping[str, Any], context: Context) -> Any:
    name = user.get("username") or user.get("screen_name")
    return actor_of(user.get("id_str") or user.get("id"), "user.id", context, name=name)


def _follow(type_: str | None) -> _Read:
    def read(thing: dict[str, Any], owner: str | None, at: datetime, context: Context) -> Draft:
        source, target = inner(thing, "source"), inner(thing, "target")
        follows = type_ or {"follow": "follow.created", "unfollow": "follow.removed"}.get(
            str(thing.get("type"))
        )
        if follows is None:
            return Unmapped(f"follow event {str(thing.get('type'))[:60]!r} is not known")
        actor = _person(source, context)
        return ActivityDraft(
            type=follows,
            occurred_at=at,
            actor=actor,
            context=present(target=text_of(target.get("id_str") or target.get("id"))),
            by_channel=_is_own(actor, owner),
        )

    return read


def _is_own(actor: Actor | None, owner: str | None) -> bool:
    return actor is not None and actor.external_id == owner


def _like(thing: dict[str, Any], owner: str | None, at: datetime, context: Context) -> Draft:
    status = inner(thing, "favorited_status")
    liked = thing.get("liked_post_id") or thing.get("post_id") or inner(thing, "post").get("id")
    actor = _person(inner(thing, "user") or inner(thing, "source"), context)
    actor = actor or actor_of(thing.get("user_id"), "user_id", context)
    return ActivityDraft(
        type="like.created",
        occurred_at=at,
        actor=actor,
        content=id_of(status.get("id_str") or liked, "favorited_status.id_str"),
        by_channel=_is_own(actor, owner),
    )


def _post(thing: dict[str, Any], owner: str | None, at: datetime, context: Context) -> Draft:
    author = _person(inner(thing, "user"), context)
    author = author or actor_of(thing.get("author_id"), "author_id", context)
    post = id_of(thing.get("id_str") or thing.get("id"), "id")
    shared = inner(thing, "retweeted_status").get("id_str") or _referred_to(thing, "retweeted")
    parent = thing.get("in_reply_to_status_id_str") or _referred_to(thing, "replied_to")
    answered = text_of(thing.get("in_reply_to_user_id_str") or thing.get("in_reply_to_user_id"))
    is_own = _is_own(author, owner)
    about: Any = post
    if shared is not None:
        type_, about = "share.created", shared
    elif parent is not None and (is_own or owner is None or answered in (owner, None)):
        type_, about = "comment.created", parent
    elif parent is None and (is_own or author is None):
        type_ = "post.published"
    else:
        type_ = "mention.created"
    return ActivityDraft(
        type=type_,
        occurred_at=at,
        actor=author,
        content=id_of(about, "id"),
        text=text_of(thing.get("text"), limit=20_000),
        parent_external_id=id_of(parent, "in_reply_to_status_id_str"),
        context=present(post_id=post if about != post else None),
        by_channel=is_own,
    )


def _referred_to(thing: Mapping[str, Any], how: str) -> Any:
    for one in list_of(thing.get("referenced_tweets") or thing.get("referenced_posts")):
        if isinstance(one, dict) and one.get("type") == how:
            return one.get("id")
    return None


def _removed(thing: dict[str, Any], owner: str | None, at: datetime, context: Context) -> Draft:
    status = inner(thing, "status") or thing
    author = actor_of(status.get("author_id") or status.get("user_id"), "user_id", context)
    # Whether it was a post or an answer to one is not told any more.
    return ActivityDraft(
        type="comment.removed",
        occurred_at=at,
        actor=author,
        content=id_of(status.get("id"), "id"),
        by_channel=_is_own(author, owner),
    )


def _message(thing: dict[str, Any], owner: str | None, at: datetime, context: Context) -> Draft:
    created = inner(thing, "message_create")
    told = inner(created, "message_data") or thing
    sender = created.get("sender_id") or thing.get("sender_id")
    actor = actor_of(sender, "sender_id", context)
    is_own = _is_own(actor, owner)
    return ActivityDraft(
        type="message.sent" if is_own else "message.received",
        occurred_at=at,
        actor=actor,
        text=text_of(told.get("text"), limit=20_000),
        context=present(
            message_id=text_of(thing.get("id")),
            conversation_id=text_of(thing.get("dm_conversation_id")),
        ),
        by_channel=is_own,
    )


_KINDS: dict[str, _Read] = {
    "follow.follow": _follow("follow.created"),
    "follow.unfollow": _follow("follow.removed"),
    "follow": _follow(None),
    "like.create": _like,
    "post.create": _post,
    "post.delete": _removed,
    "dm.received": _message,
    "dm.sent": _message,
    "dm": _message,
}
