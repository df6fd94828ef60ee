"""What each type of activity counts as, in one table."""

from functools import lru_cache

from mediaops_common.events.activity import Activity

__all__ = [
    "ACTIVE",
    "ENGAGEMENTS",
    "FOLLOWER_DELTAS",
    "VIEWS",
    "activates",
    "is_known_type",
    "makes_active",
]

VIEWS = frozenset({"view.recorded"})
"""Each adds its `count` to the views."""

ENGAGEMENTS = frozenset(
    {
        "like.created",
        "favourite.created",
        "comment.created",
        "share.created",
        "mention.created",
        "vote.cast",
        "gift.sent",
    }
)
"""Each adds its `count` to the engagements. Gross: what is taken back (`like.removed`, …) is a
metric of its own and subtracts nothing."""

FOLLOWER_DELTAS = {"follow.created": 1, "follow.removed": -1}
"""What one does to the number of followers, whatever its `count`."""

ACTIVE = (
    VIEWS
    | ENGAGEMENTS
    | {
        "play.completed",
        "follow.created",
        "message.received",
        "menu.clicked",
        "qrcode.scanned",
        "link.clicked",
        "profile.visited",
        "checkin.made",
        "live.entered",
        "signup.created",
        "lead.submitted",
        "order.paid",
        "contact.added",
        "group.member_joined",
        "group.message",
    }
)
"""What a person does themselves; `track.<name>` belongs to it as well."""

_PASSIVE = frozenset(
    {
        "follow.removed",
        "like.removed",
        "favourite.removed",
        "comment.removed",
        "live.left",
        "order.created",
        "order.shipped",
        "order.completed",
        "order.cancelled",
        "order.refunded",
        "message.sent",
        "location.reported",
        "voucher.redeemed",
        "conversation.opened",
        "inbox.changed",
    }
)

_FAMILIES = frozenset({"contact", "group", "video", "post", "account", "profile", "subscription"})
"""Families of which every other member is known too, and makes nobody active."""

_TRACK = "track."

_KNOWN = ACTIVE | _PASSIVE


def makes_active(type_: str) -> bool:
    """Whether whoever did this was active on that day."""
    return type_ in ACTIVE or type_.startswith(_TRACK)


@lru_cache(maxsize=4_096)
def is_known_type(type_: str) -> bool:
    """Whether the table has it. `metrics.snapshot` and `unmapped` are not activities: False."""
    if type_ in _KNOWN:
        return True
    family, dot, name = type_.partition(".")
    return bool(dot and name) and (family == "track" or family in _FAMILIES)


def activates(activity: Activity) -> bool:
    """Whether this activity makes its actor active.

    False without an actor, and where the actor is the channel itself.
    """
    if activity.actor is None or activity.by_channel:
        return False
    return activity.type in ACTIVE or activity.type.startswith(_TRACK)
