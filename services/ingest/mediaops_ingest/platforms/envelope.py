"""What partners put into the `data` of a Standard Webhook or a CloudEvent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from mediaops_common.activity_types import is_known_type
from mediaops_common.lengths import LONGEST_ID

from mediaops_ingest.platforms.batches import place_of
from mediaops_ingest.platforms.canonical import (
    ACTIVITY_FIELDS,
    MAX_ITEM_BYTES,
    SNAPSHOT_FIELDS,
    CanonicalActivity,
    CanonicalSnapshot,
    activity_fault,
    draft_of_activity,
    draft_of_snapshot,
    plain_type,
    snapshot_fault,
)
from mediaops_ingest.platforms.port import Context, Draft, ItemFailed, Unmapped
from mediaops_ingest.platforms.strict_json import canonical_json

__all__ = [
    "LONGEST_KEY",
    "SNAPSHOT_TYPE",
    "drafts_of",
    "is_canonical_type",
    "own_key",
    "timeless",
]

SNAPSHOT_TYPE = "metrics.snapshot"

LONGEST_KEY = len('"dedup_key":"",') + 6 * LONGEST_ID
"""Bytes of a `dedup_key` in the data, were every character of it escaped."""


def is_canonical_type(type_: Any) -> bool:
    """Whether a partner's type is one of ours, with or without `com.mediaops.`."""
    if not isinstance(type_, str):
        return False
    plain = plain_type(type_)
    return plain == SNAPSHOT_TYPE or is_known_type(plain)


def own_key(data: Any) -> str | None:
    """The `dedup_key` in the data, where there is a usable one; it goes before the envelope's."""
    key = data.get("dedup_key") if isinstance(data, dict) else None
    return key if isinstance(key, str) and 0 < len(key) <= LONGEST_ID else None


def timeless(event: Mapping[str, Any], time: str) -> Mapping[str, Any]:
    """The event without its envelope's `time`, where the data say themselves when it happened:
    who sends them a second time in a new envelope tells of the same act."""
    data = event.get("data")
    if isinstance(data, dict) and (data.get("occurred_at") or data.get("as_of")):
        event = {**event}
        event.pop(time, None)
    return event


def drafts_of(
    type_: Any,
    data: Any,
    *,
    time: datetime,
    extra: Mapping[str, Any],
    context: Context,
    most: int,
) -> list[Draft]:
    """The canonical activity or snapshot of one event.

    `type_` is the envelope's, or None where it has none; `time` stands in for a missing
    `occurred_at`; `extra` are attributes of the envelope that are kept in the context; `most` is
    what the data's canonical form has in bytes at most. Raises `ItemFailed` where the type is ours
    and the data is not.
    """
    inner = data.get("type") if isinstance(data, dict) else None
    chosen = inner if type_ is None else type_
    if not isinstance(chosen, str):
        return [Unmapped("has no type")]
    if not is_canonical_type(chosen):
        return [Unmapped(f"type {chosen[:120]!r} is not known")]
    plain = plain_type(chosen)
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise ItemFailed("data", "must be an object")
    if inner is not None and (not isinstance(inner, str) or plain_type(inner) != plain):
        raise ItemFailed("type", f"is {str(inner)[:120]!r} inside, {plain!r} outside")
    if most > MAX_ITEM_BYTES and len(canonical_json(data)) > MAX_ITEM_BYTES:
        raise ItemFailed("", f"is longer than {MAX_ITEM_BYTES} bytes")
    if plain == SNAPSHOT_TYPE:
        return [_snapshot(data, time, context)]
    return [_activity(plain, data, time, extra, context)]


def _activity(
    type_: str, data: dict[str, Any], time: datetime, extra: Mapping[str, Any], context: Context
) -> Draft:
    given = {**data, "type": type_}
    if given.get("occurred_at") is None:
        given["occurred_at"] = time
    activity: CanonicalActivity = _converted(given, CanonicalActivity)
    _refuse_other_channel(activity.channel_id, context)
    unknown = dict(extra)
    if not data.keys() <= ACTIVITY_FIELDS:
        unknown |= {key: value for key, value in data.items() if key not in ACTIVITY_FIELDS}
    _refuse(activity_fault(activity, context.received_at, unknown))
    return draft_of_activity(activity, unknown, context)


def _snapshot(data: dict[str, Any], time: datetime, context: Context) -> Draft:
    given = {key: value for key, value in data.items() if key in SNAPSHOT_FIELDS}
    if given.get("as_of") is None:
        given["as_of"] = time
    snapshot: CanonicalSnapshot = _converted(given, CanonicalSnapshot)
    _refuse_other_channel(snapshot.channel_id, context)
    _refuse(snapshot_fault(snapshot, context.received_at))
    return draft_of_snapshot(snapshot)


def _converted(given: dict[str, Any], form: Any) -> Any:
    try:
        return msgspec.convert(given, form)
    except msgspec.ValidationError as error:
        place, detail = place_of(error)
        raise ItemFailed(place, detail) from None


def _refuse_other_channel(named: UUID | None, context: Context) -> None:
    if named not in (None, context.channel_id):
        raise ItemFailed("channel_id", "is not the channel of this source")


def _refuse(fault: tuple[str, str] | None) -> None:
    if fault:
        raise ItemFailed(*fault)
