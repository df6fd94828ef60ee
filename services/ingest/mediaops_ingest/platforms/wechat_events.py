"""What each message and event of a 公众号 means."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from mediaops_common.events.activity import Actor

from mediaops_ingest.platforms.fields import id_of, present, text_of, whole_number
from mediaops_ingest.platforms.port import ActivityDraft, Context, Draft, Unmapped
from mediaops_ingest.platforms.pushes import inner
from mediaops_ingest.platforms.times import (
    first_believable,
    parse_beijing,
    seconds_or_milliseconds,
)

__all__ = ["MEANINGS", "MESSAGES", "draft_of", "received"]

Message = Mapping[str, Any]
Reading = tuple[str, dict[str, Any]]
"""The type and what the context keeps."""

MEANINGS = {
    "text, image, voice, video, shortvideo, location, link": ("message.received",),
    "subscribe": ("follow.created",),
    "unsubscribe": ("follow.removed",),
    "SCAN": ("qrcode.scanned",),
    "CLICK, VIEW, view_miniprogram": ("menu.clicked",),
    "LOCATION": ("location.reported",),
    "MASSSENDJOBFINISH": ("post.published", "post.publish_failed"),
    "PUBLISHJOBFINISH, FREEPUBLISHJOBFINISH": ("post.published", "post.publish_failed"),
    "TEMPLATESENDJOBFINISH": ("message.sent",),
    "channels_ec_order_new": ("order.created",),
    "channels_ec_order_pay": ("order.paid",),
}
"""In the platform's spelling; what is done with each is in `_EVENTS`, in lower case."""

MESSAGES = frozenset({"text", "image", "voice", "video", "shortvideo", "location", "link"})
_SCENE = "qrscene_"
_MOST_ARTICLES = 20


def draft_of(message: Message, context: Context) -> Draft:
    """The one activity of a message. Raises `ItemFailed` for an id that is too long."""
    kind = (text_of(message.get("MsgType")) or "").lower()
    if kind in MESSAGES:
        return received(kind, message, context)
    if kind != "event":
        return Unmapped(f"MsgType {kind[:120]!r} is not known")
    # Names mix upper and lower case, and not always in the same way.
    name = text_of(message.get("Event")) or ""
    read = _EVENTS.get(name.lower())
    if read is None:
        return Unmapped(f"event {name[:120]!r} is not known")
    type_, kept = read(message)
    job = type_ in _OF_THE_CHANNEL
    return ActivityDraft(
        type=type_,
        actor=None if job else _actor(message, context),
        occurred_at=time_of(message, context),
        content=kept.pop("content", None),
        context={**present(event=name), **kept},
        by_channel=job,
    )


_OF_THE_CHANNEL = frozenset({"post.published", "post.publish_failed", "message.sent"})


def received(kind: str, message: Message, context: Context) -> ActivityDraft:
    """What somebody wrote or sent."""
    return ActivityDraft(
        type="message.received",
        actor=_actor(message, context),
        occurred_at=time_of(message, context),
        text=text_of(message.get("Content"), limit=20_000)
        or text_of(message.get("Recognition"), limit=20_000),
        context=present(
            message_type=kind,
            message_id=text_of(message.get("MsgId")),
            media_id=text_of(message.get("MediaId")),
            url=text_of(message.get("Url"), limit=2048),
        ),
    )


def _actor(message: Message, context: Context) -> Actor | None:
    openid = id_of(message.get("FromUserName"), "FromUserName")
    union_id = id_of(message.get("UnionId"), "UnionId")
    if openid is None:
        return None
    return Actor(external_id=openid, id_scope=context.id_scope, union_id=union_id)


def time_of(message: Message, context: Context) -> datetime:
    """CreateTime, which a mini app of 抖音 may write as local time; or the arrival where it cannot
    be believed (samples are dated 1973)."""
    created = message.get("CreateTime")
    return first_believable(
        context.received_at, seconds_or_milliseconds(created), parse_beijing(created)
    )


def _subscribe(message: Message) -> Reading:
    key = text_of(message.get("EventKey"))
    scene = key.removeprefix(_SCENE) if key and key.startswith(_SCENE) else None
    return "follow.created", present(scene=scene, ticket=text_of(message.get("Ticket")))


def _scan(message: Message) -> Reading:
    return "qrcode.scanned", present(scene=text_of(message.get("EventKey")))


def _menu(message: Message) -> Reading:
    return "menu.clicked", present(
        key=text_of(message.get("EventKey"), limit=2048), menu_id=text_of(message.get("MenuId"))
    )


def _mass_send(message: Message) -> Reading:
    # A finished job is not a success: only this one status is.
    status = text_of(message.get("Status"))
    done = status is not None and status.lower().replace(" ", "") == "sendsuccess"
    counts = {
        name: whole_number(message.get(name))
        for name in ("TotalCount", "FilterCount", "SentCount", "ErrorCount")
    }
    return "post.published" if done else "post.publish_failed", present(
        status=status, message_id=text_of(message.get("MsgID")), **counts
    )


def _publish_job(message: Message) -> Reading:
    report = inner(message, "PublishEventInfo")
    done = whole_number(report.get("publish_status")) == 0
    # One article is an object in XML, several are a list.
    articles = inner(report, "article_detail").get("item")
    listed = articles if isinstance(articles, list) else [articles]
    urls = [
        text_of(one.get("article_url"), limit=2048)
        for one in listed[:_MOST_ARTICLES]
        if isinstance(one, dict)
    ]
    return "post.published" if done else "post.publish_failed", present(
        content=id_of(report.get("article_id"), "article_id"),
        publish_id=text_of(report.get("publish_id")),
        publish_status=text_of(report.get("publish_status")),
        article_urls=[url for url in urls if url] or None,
    )


def _order(type_: str) -> Callable[[Message], Reading]:
    def read(message: Message) -> Reading:
        return type_, present(order_id=text_of(inner(message, "order_info").get("order_id")))

    return read


_EVENTS: dict[str, Callable[[Message], Reading]] = {
    "subscribe": _subscribe,
    "unsubscribe": lambda message: ("follow.removed", {}),
    "scan": _scan,
    "click": _menu,
    "view": _menu,
    "view_miniprogram": _menu,
    # Where a fan is belongs to the fan: that it was reported is counted, the place is not kept.
    "location": lambda message: ("location.reported", {}),
    "masssendjobfinish": _mass_send,
    # The platform sends the one, published samples of it say the other.
    "publishjobfinish": _publish_job,
    "freepublishjobfinish": _publish_job,
    "templatesendjobfinish": lambda message: (
        "message.sent",
        present(
            status=text_of(message.get("Status")),
            message_id=text_of(message.get("MsgID")),
            to_user_id=text_of(message.get("FromUserName")),
        ),
    ),
    "channels_ec_order_new": _order("order.created"),
    "channels_ec_order_pay": _order("order.paid"),
}
"""By the event's name in lower case; anything else is unmapped."""
