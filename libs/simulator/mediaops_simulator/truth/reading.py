"""What an act counts as: the table of activity types, and the shop's mistaken mapping."""

from collections.abc import Callable

from mediaops_simulator.company.acts import BROKEN, UNMAPPED, Act

__all__ = ["ACTIVE", "ENGAGEMENTS", "Reading", "as_it_was", "as_misread"]

ENGAGEMENTS = {"like.created", "favourite.created", "comment.created", "share.created"}

ACTIVE = ENGAGEMENTS | {
    "view.recorded",
    "play.completed",
    "follow.created",
    "message.received",
    "menu.clicked",
    "qrcode.scanned",
    "signup.created",
    "order.paid",
    "track.coupon",
}
"""Those of the simulated types that make whoever did them active."""

Reading = Callable[[Act], str | None]
"""The canonical type that an act is counted as; None when it is not counted at all."""

MISREAD: dict[str, str | None] = {
    "favourite.created": "like.created",
    "like.removed": "like.created",
    "track.coupon": None,
}
"""What the shop's mistaken mapping makes of three kinds: two wrong types, one not known."""


def as_it_was(act: Act) -> str | None:
    """As every mapping should read it."""
    return None if act.type in (UNMAPPED, BROKEN) else act.type


def as_misread(act: Act) -> str | None:
    """As the shop's mistaken mapping reads it, until that is mended."""
    if act.account == "shop" and act.type in MISREAD:
        return MISREAD[act.type]
    return as_it_was(act)
