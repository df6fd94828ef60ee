"""The shop's mapping: as it should be, and with three mistakes in it."""

from typing import Any

__all__ = ["MISTAKEN", "RIGHT"]

_KINDS = {
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

# Whoever changed it took two words for another and lost the third.
_WRONG_KINDS = {word: type_ for word, type_ in _KINDS.items() if word != "coupon"} | {
    "fav": "like.created",
    "unlike": "like.created",
}


def _mapping(kinds: dict[str, str]) -> dict[str, Any]:
    return {
        "tables": {"kinds": kinds},
        "activities": [
            {
                "each": "item.data",
                "type": {"from": "each.kind", "table": "kinds"},
                "occurred_at": {"from": "each.at", "time": "rfc3339"},
                "actor": {"external_id": "=each.who"},
                "content": {"external_id": "=each.page"},
                "count": {"from": "each.n", "default": 1},
                "value": {"amount_minor": "=each.fen", "currency": "CNY"},
                "text": "=each.text",
                "context": {"region": "=each.region", "order": "=each.order"},
            }
        ],
    }


RIGHT = _mapping(_KINDS)
MISTAKEN = _mapping(_WRONG_KINDS)
