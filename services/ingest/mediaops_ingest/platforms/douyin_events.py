"""What each event of 抖音开放平台 means, as one table."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mediaops_common.events.activity import Actor, Money

from mediaops_ingest.platforms.fields import id_of, present, text_of, whole_number
from mediaops_ingest.platforms.port import ActivityDraft, Context, Draft, ItemFailed, Unmapped
from mediaops_ingest.platforms.times import is_plausible, seconds_or_milliseconds

__all__ = ["EVENTS", "DouyinEvent", "Push"]

_TIMES = ("action_time", "create_time", "msg_time", "update_time")


class Push:
    """One push, read with its content already decoded. Raises `ItemFailed` for one that is no
    object; an event without any tells all it has outside."""

    def __init__(self, body: dict[str, Any], context: Context) -> None:
        self.body = body
        self.content: dict[str, Any] = body["content"] or {}
        self.context = context
        if not isinstance(self.content, dict):
            raise ItemFailed("content", "must be an object or the JSON text of one")

    def actor(self, external_id: Any) -> Actor | None:
        """The actor of that open_id; published samples often leave it empty."""
        open_id = id_of(external_id, "open_id")
        if open_id is None:
            return None
        return Actor(external_id=open_id, id_scope=self.context.id_scope, name=self._name(open_id))

    def _name(self, open_id: str) -> str | None:
        people = self.content.get("user_infos")
        for person in people if isinstance(people, list) else ():
            if isinstance(person, dict) and person.get("open_id") == open_id:
                return text_of(person.get("nick_name"))
        return None

    def time(self, *preferred: Any) -> datetime:
        """When it happened; when it came, where the push says nothing that can be believed."""
        for value in (*preferred, *(self.content.get(name) for name in _TIMES)):
            moment = seconds_or_milliseconds(value)
            if moment and is_plausible(moment, self.context.received_at):
                return moment
        return self.context.received_at

    def kept(self, *names: str) -> dict[str, Any]:
        """These fields of the content, for the activity's context; ids as text."""
        found = {name: self.content[name] for name in names if self.content.get(name)}
        ids = {name: text_of(value) for name, value in found.items() if name.endswith("_id")}
        found.update(present(**ids))
        receiver = text_of(self.body.get("to_user_id"))
        return {**found, "to_user_id": receiver} if receiver else found


@dataclass(frozen=True, slots=True)
class DouyinEvent:
    types: tuple[str, ...]
    draft: Callable[[Push], Draft]


def _follow(push: Push) -> Draft:
    # Only 1 is documented; whatever else comes is taken for the opposite.
    follows = whole_number(push.content.get("action_type")) == 1
    return ActivityDraft(
        type="follow.created" if follows else "follow.removed",
        actor=push.actor(push.body.get("from_user_id")),
        occurred_at=push.time(),
        context=push.kept(),
    )


def _like(push: Push) -> Draft:
    likes = whole_number(push.content.get("action_type")) == 1
    return ActivityDraft(
        type="like.created" if likes else "like.removed",
        actor=push.actor(push.body.get("from_user_id")),
        content=id_of(push.content.get("item_id"), "item_id"),
        occurred_at=push.time(),
        context=push.kept(),
    )


def _comment(push: Push) -> Draft:
    content = push.content
    writer = text_of(content.get("comment_user_id")) or text_of(push.body.get("from_user_id"))
    return ActivityDraft(
        type="comment.created",
        actor=push.actor(writer),
        content=id_of(content.get("reply_to_item_id"), "reply_to_item_id"),
        occurred_at=push.time(),
        text=text_of(content.get("content"), limit=20_000),
        parent_external_id=id_of(content.get("reply_to_comment_id"), "reply_to_comment_id"),
        context=push.kept("comment_id", "at_user_id"),
        by_channel=writer is not None and writer == text_of(push.body.get("to_user_id")),
    )


def _video(push: Push) -> Draft:
    return ActivityDraft(
        type="video.published",
        actor=push.actor(push.body.get("from_user_id")),
        content=id_of(push.content.get("item_id"), "item_id"),
        occurred_at=push.time(),
        context=push.kept("share_id"),
        by_channel=True,
    )


def _message(type_: str, *, by_channel: bool = False) -> DouyinEvent:
    def draft(push: Push) -> Draft:
        return ActivityDraft(
            type=type_,
            actor=push.actor(push.body.get("from_user_id")),
            content=id_of(push.content.get("item_id"), "item_id"),
            occurred_at=push.time(),
            text=text_of(push.content.get("text"), limit=20_000),
            context=push.kept(
                "server_message_id", "conversation_short_id", "conversation_type", "message_type"
            ),
            by_channel=by_channel,
        )

    return DouyinEvent((type_,), draft)


def _group_request(push: Push) -> Draft:
    return ActivityDraft(
        type="group.join_requested",
        actor=push.actor(push.body.get("from_user_id")),
        occurred_at=push.time(),
        context=push.kept("group_id", "apply_id", "apply_status"),
    )


def _group_member(push: Push) -> Draft:
    # The page documents joining only; leaving is inferred from an event_type of 2.
    left = whole_number(push.content.get("event_type")) == 2
    person = text_of(push.content.get("open_id")) or push.body.get("from_user_id")
    return ActivityDraft(
        type="group.member_left" if left else "group.member_joined",
        actor=push.actor(person),
        occurred_at=push.time(),
        context=push.kept("im_group_id", "group_type"),
    )


def _account(type_: str) -> DouyinEvent:
    def draft(push: Push) -> Draft:
        return ActivityDraft(
            type=type_,
            actor=push.actor(push.body.get("from_user_id")),
            # What was given long ago and changed now happens now.
            occurred_at=push.time(push.content.get("update_time")),
            context=push.kept("scopes", "auth_status", "expire_time", "source"),
            by_channel=True,
        )

    return DouyinEvent((type_,), draft)


def _order(push: Push) -> Draft:
    action = push.content.get("action")
    if action != "pay_success":
        return Unmapped(f"order action {str(action)[:120]!r} is not known")
    order = push.content.get("order")
    order = order if isinstance(order, dict) else {}
    amount = whole_number(order.get("pay_amount"))
    return ActivityDraft(
        type="order.paid",
        actor=push.actor(push.body.get("from_user_id")),
        occurred_at=push.time(order.get("pay_time")),
        # pay_amount is in fen.
        value=None if amount is None else Money(amount_minor=amount, currency="CNY"),
        context={**push.kept(), **present(order_id=text_of(order.get("order_id")))},
    )


def _certificate(push: Push) -> Draft:
    action = push.content.get("action")
    if action != "verify":
        return Unmapped(f"certificate action {str(action)[:120]!r} is not known")
    voucher = push.content.get("certificate")
    voucher = voucher if isinstance(voucher, dict) else {}
    return ActivityDraft(
        type="voucher.redeemed",
        actor=push.actor(push.body.get("from_user_id")),
        occurred_at=push.time(),
        context={
            **push.kept(),
            **present(
                certificate_id=text_of(voucher.get("certificate_id")),
                order_id=text_of(voucher.get("order_id")),
            ),
        },
    )


def _member(type_: str) -> DouyinEvent:
    def draft(push: Push) -> Draft:
        # The push carries a mobile number: it stays in the delivery log and goes no further.
        return ActivityDraft(
            type=type_,
            actor=push.actor(push.body.get("from_user_id")),
            occurred_at=push.time(),
            context=push.kept("account_id"),
        )

    return DouyinEvent((type_,), draft)


_AUTHORIZED = _account("account.authorized")
_DEAUTHORIZED = _account("account.deauthorized")

EVENTS: dict[str, DouyinEvent] = {
    "new_follow_action": DouyinEvent(("follow.created", "follow.removed"), _follow),
    "new_video_digg": DouyinEvent(("like.created", "like.removed"), _like),
    "item_comment_reply": DouyinEvent(("comment.created",), _comment),
    "create_video": DouyinEvent(("video.published",), _video),
    "im_receive_msg": _message("message.received"),
    "im_group_receive_msg": _message("message.received"),
    "im_send_msg": _message("message.sent", by_channel=True),
    "im_group_send_msg": _message("message.sent", by_channel=True),
    "im_enter_direct_msg": _message("conversation.opened"),
    "enter_group_audit_change": DouyinEvent(("group.join_requested",), _group_request),
    "group_fans_event": DouyinEvent(("group.member_joined", "group.member_left"), _group_member),
    "authorize": _AUTHORIZED,
    "im_authorize": _AUTHORIZED,
    "contract_authorize": _AUTHORIZED,
    "union_auth_info_for_b": _AUTHORIZED,
    "union_auth_info_for_c": _AUTHORIZED,
    "unauthorize": _DEAUTHORIZED,
    "contract_unauthorize": _DEAUTHORIZED,
    "life_trade_order_notify": DouyinEvent(("order.paid",), _order),
    "life_trade_certificate_notify": DouyinEvent(("voucher.redeemed",), _certificate),
    "life_member_join": _member("contact.added"),
    "life_member_leave": _member("contact.removed"),
}
"""By the event's own name; anything else is unmapped."""
