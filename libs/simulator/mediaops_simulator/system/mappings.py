"""The shop's mapping: as it should be, and with four mistakes in it."""

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


def _mapping(kinds: dict[str, str], counter: str) -> dict[str, Any]:
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
        # What an order came to, as a counter of its own.
        "snapshots": [
            {
                "each": "item.data",
                "when": "each.order",
                "metric": "views",
                "value": "=each.fen",
                "kind": "cumulative",
                "as_of": {"from": "item.timestamp", "time": "rfc3339"},
                "content": {"external_id": counter},
            }
        ],
    }


RIGHT = _mapping(_KINDS, "=each.order")
MISTAKEN = _mapping(_WRONG_KINDS, "=each.before")
