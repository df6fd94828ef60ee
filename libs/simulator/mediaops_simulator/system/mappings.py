"""The shop's mapping: the first one, with its three mistakes, and the one put right."""

from typing import Any

__all__ = ["MENDED", "MISTAKEN"]

_RIGHT = {
    "view": "view.recorded",
    "finish": "play.completed",
    "like": "like.created",
    "unlike": "like.removed",
    "fav": "favourite.created",
    "say": "comment.created",
    "share": "share.created",
    "coupon": "track.coupon",
    "buy": "order.paid",
    "join": "signup.created",
}

# Whoever wrote it took two words for another and forgot the third.
_WRONG = {word: type_ for word, type_ in _RIGHT.items() if word != "coupon"} | {
    "fav": "like.created",
    "unlike": "like.created",
}


def _mapping(kinds: dict[str, str]) -> dict[str, Any]:
    return {}


MISTAKEN = _mapping(_WRONG)
MENDED = _mapping(_RIGHT)
