"""What operators send over the API: exports of what was pushed, and the platforms' counters."""

from datetime import UTC, datetime
from typing import Any

from mediaops_simulator.company.acts import BROKEN, Act
from mediaops_simulator.plan.sendings import Sending

__all__ = ["import_body", "moment"]


def moment(at: int) -> str:
    """Unix seconds as RFC 3339."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def import_body(sending: Sending, channel_id: str) -> list[dict[str, Any]]:
    """The body of `POST /ingest/v1/activities` for one item under its platform's own key."""
    return [_activity(act, sending.key, channel_id) for act in sending.acts]


def _activity(act: Act, key: str, channel_id: str) -> dict[str, Any]:
    activity: dict[str, Any] = {
        "channel_id": channel_id,
        "dedup_key": key,
        "type": act.type,
        "occurred_at": "some day" if act.type == BROKEN else moment(act.at),
        "count": act.count,
    }
    if act.person is not None:
        activity["actor"] = {"external_id": act.person}
    if act.content is not None:
        activity["content"] = {"external_id": act.content}
    if act.amount is not None:
        activity["value"] = {"amount_minor": act.amount, "currency": "CNY"}
    if act.text is not None:
        activity["text"] = act.text
    return activity
