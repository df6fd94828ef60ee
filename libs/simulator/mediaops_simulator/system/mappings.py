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


MISTAKEN = _mapping(_WRONG)
MENDED = _mapping(_RIGHT)
