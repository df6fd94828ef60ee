"""What the callbacks of 企业微信 mean, in the shape of a self-built application or a provider's."""

from collections.abc import Callable, Mapping
from typing import Any

from mediaops_common.events.activity import Actor

from mediaops_ingest.platforms import fields
from mediaops_ingest.platforms.fields import id_of, present, text_of, whole_number
from mediaops_ingest.platforms.port import ActivityDraft, Context, Draft, Unmapped
from mediaops_ingest.platforms.times import first_believable, seconds_or_milliseconds
from mediaops_ingest.platforms.wechat_events import MESSAGES, received

__all__ = ["MEANINGS", "VOLATILE", "draft_of", "has_a_name", "key_of"]

Message = Mapping[str, Any]

VOLATILE = ("AgentID", "WelcomeCode")
"""Several applications of one company are told of one act, each with its own."""

_CONTACTS = {
    "add_external_contact": "contact.added",
    "add_half_external_contact": "contact.added",
    "edit_external_contact": "contact.updated",
    "del_external_contact": "contact.removed",
    "del_follow_user": "contact.removed",
    "transfer_fail": "contact.transfer_failed",
    "msg_audit_approved": "contact.consent_given",
}
_GROUPS = {
    "create": "group.created",
    "dismiss": "group.dismissed",
    "add_member": "group.member_joined",
    "del_member": "group.member_left",
}
"""By the change, or by the detail of an `update`."""

_INITIATORS = {"del_external_contact": "employee", "del_follow_user": "customer"}

MEANINGS = {
    **{f"change_external_contact {name}": (type_,) for name, type_ in _CONTACTS.items()},
    "change_external_tag": ("contact.tag_changed",),
    "change_external_chat create": ("group.created",),
    "change_external_chat dismiss": ("group.dismissed",),
    "change_external_chat update add_member": ("group.member_joined",),
    "change_external_chat update del_member": ("group.member_left",),
    "kf_msg_or_event, msgaudit_notify": ("inbox.changed",),
    "text, image, voice, video, shortvideo, location, link": ("message.received",),
}

_KEY = (
    "ChangeType",
    "UserID",
    "ExternalUserID",
    "ChatId",
    "UpdateDetail",
    "CreateTime",
    "TimeStamp",
)
_KEY_ENDS = (
    "AuthCorpId",
    "FromUserName",
    "EventKey",
    "Id",
    "TagType",
    "OpenKfId",
    "Token",
    "CurMemVer",
)
"""What tells two events of one second apart, where it is there."""


def has_a_name(message: Message) -> bool:
    """Whether it is a message or event at all."""
    return any(text_of(message.get(name)) for name in ("MsgType", "Event", "InfoType"))


def _name_of(message: Message) -> str | None:
    return text_of(message.get("Event")) or text_of(message.get("InfoType"))


def key_of(message: Message) -> str | None:
    """MsgId, or the act, its people and its second; None where the digest has to do."""
    event, number = _name_of(message), fields.key_of(message.get("MsgId"))
    if number and not event:
        return number
    told = [text_of(message.get(name)) for name in _KEY]
    ends = [text_of(message.get(name)) for name in _KEY_ENDS]
    parts = [event, *told, *(end for end in ends if end != "sys")]
    return ":".join(part for part in parts if part) if event else None


def draft_of(message: Message, context: Context) -> Draft:
    """The one activity of a callback. Raises `ItemFailed` for an id that is too long."""
    kind = (text_of(message.get("MsgType")) or "").lower()
    if kind in MESSAGES:
        return received(kind, message, context)
    name = _name_of(message) or ""
    read = _EVENTS.get(name)
    return read(message, context) if read else Unmapped(f"event {name[:120]!r} is not known")


def _draft(
    type_: str, message: Message, context: Context, *, count: int = 1, **kept: Any
) -> ActivityDraft:
    who = id_of(message.get("ExternalUserID"), "ExternalUserID")
    return ActivityDraft(
        type=type_,
        actor=Actor(external_id=who, id_scope=context.id_scope) if who else None,
        occurred_at=first_believable(
            context.received_at,
            seconds_or_milliseconds(message.get("CreateTime")),
            seconds_or_milliseconds(message.get("TimeStamp")),
        ),
        count=count,
        context=present(
            change=text_of(message.get("ChangeType")),
            corp_id=text_of(message.get("AuthCorpId")),
            **kept,
        ),
    )


def _contact(message: Message, context: Context) -> Draft:
    change = text_of(message.get("ChangeType")) or ""
    if change not in _CONTACTS:
        return Unmapped(f"ChangeType {change[:120]!r} of a contact is not known")
    return _draft(
        _CONTACTS[change],
        message,
        context,
        employee=text_of(message.get("UserID")),
        # The parameter of the 联系我 code: where this contact came from.
        scene=text_of(message.get("State")),
        # Good once and for 20 s: whoever wants to greet has to be quick.
        welcome_code=text_of(message.get("WelcomeCode")),
        initiator=_INITIATORS.get(change),
        reason=text_of(message.get("FailReason")),
    )


def _group(message: Message, context: Context) -> Draft:
    change, detail = text_of(message.get("ChangeType")), text_of(message.get("UpdateDetail"))
    known = detail if change == "update" else change
    type_ = _GROUPS.get(known or "")
    if type_ is None:
        return Unmapped(f"change {known!r} of a group is not known")
    members = _members(message.get("MemChangeList"))
    count = whole_number(message.get("MemChangeCnt")) or len(members) or 1
    return _draft(
        type_,
        message,
        context,
        count=max(1, count),
        chat_id=text_of(message.get("ChatId")),
        members=members or None,
        join_scene=whole_number(message.get("JoinScene")),
        quit_scene=whole_number(message.get("QuitScene")),
    )


def _members(listed: Any) -> list[str]:
    """The ids in a list of XML items, which is a text where there is one."""
    items = listed.get("Item") if isinstance(listed, dict) else None
    several = items if isinstance(items, list) else [items]
    return [text for one in several[:500] if (text := text_of(one))]


def _tag(message: Message, context: Context) -> Draft:
    return _draft(
        "contact.tag_changed",
        message,
        context,
        tag_id=text_of(message.get("Id")),
        tag_type=text_of(message.get("TagType")),
    )


def _inbox(message: Message, context: Context) -> Draft:
    # The token that pulls the messages stays in the delivery.
    return _draft("inbox.changed", message, context, desk=text_of(message.get("OpenKfId")))


_EVENTS: dict[str, Callable[[Message, Context], Draft]] = {
    "change_external_contact": _contact,
    "change_external_chat": _group,
    "change_external_tag": _tag,
    "kf_msg_or_event": _inbox,
    "msgaudit_notify": _inbox,
}
