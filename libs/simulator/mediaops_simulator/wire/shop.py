"""The shop's own events, in a form of its own that needs a mapping."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from mediaops_simulator.company.acts import BROKEN, Act

__all__ = ["shop_body"]

KINDS = {
    "view.recorded": "view",
    "play.completed": "finish",
    "like.created": "like",
    "like.removed": "unlike",
    "favourite.created": "fav",
    "comment.created": "say",
    "share.created": "share",
    "track.coupon": "coupon",
    "order.paid": "buy",
    "signup.created": "join",
}
"""What happened → what the shop calls it."""


def shop_body(acts: Sequence[Act]) -> bytes:
    """One body with all of them in `data`."""
    rows = [_row(act) for act in acts]
    orders = [row for row in rows if "order" in row]
    for row, before in zip(orders, [*orders[:1], *orders], strict=False):
        row["before"] = before["order"]
    return json.dumps(
        {"type": "shop.events", "timestamp": _time(acts[-1].at), "data": rows},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def _time(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(act: Act) -> dict[str, Any]:
    row: dict[str, Any] = {
        "eid": act.key,
        "kind": KINDS.get(act.type, "heartbeat"),
        "at": "the day before yesterday" if act.type == BROKEN else _time(act.at),
        "who": act.person,
        "page": act.content,
        "region": act.region,
    }
    if act.type == BROKEN:
        row["kind"] = "view"
    if act.count != 1:
        row["n"] = act.count
    if act.amount is not None:
        row |= {"fen": act.amount, "order": act.detail}
    if act.text is not None:
        row["text"] = act.text
    return row
