"""`POST /activities` and `POST /snapshots`: what the service accepted from its own HTTP interface.

Its source is implicit, one per channel; files and imports go the same way.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from mediaops_ingest.platforms import strict_json
from mediaops_ingest.platforms.declaration import Declaration
from mediaops_ingest.platforms.envelope import LONGEST_KEY, SNAPSHOT_TYPE, drafts_of, own_key
from mediaops_ingest.platforms.port import (
    Answer,
    Context,
    Draft,
    Item,
    ItemFailed,
    Refused,
    Request,
    SecretSet,
    Unreadable,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.strict_json import NotStrict, canonical_json
from mediaops_ingest.platforms.times import parse_rfc3339

__all__ = ["ACTIVITIES", "SNAPSHOTS", "Api"]

ACTIVITIES = "activities"
SNAPSHOTS = "snapshots"


class ApiVerifier:
    """Nothing comes through a hook: the token of the HTTP interface is the proof."""

    def verify(self, request: Request) -> Verdict:
        return Refused("auth")

    def answer(self, request: Request, verified: Verified) -> Answer:
        return Answer(202)


class Api:
    declaration = Declaration(
        name="api",
        title="POST /activities, POST /snapshots and files",
        platform=None,
        is_implicit=True,
        paths=frozenset({ACTIVITIES, SNAPSHOTS}),
        deadline_seconds=30.0,
        retries="the sender's choice",
        comes_again=True,
        lateness=timedelta(hours=24),
        meanings={"`type`": ("every type of activity", SNAPSHOT_TYPE)},
        cannot="Without dedup_key only an equal activity is known as a repeat.",
    )

    def prepare(self, secrets: Sequence[SecretSet], config: Mapping[str, Any]) -> ApiVerifier:
        return ApiVerifier()

    def split(
        self, request: Request, secrets: Sequence[SecretSet], config: Mapping[str, Any]
    ) -> list[Item]:
        """The items of a stored array; `kind` in the configuration, or the path, says of what."""
        is_snapshot = SNAPSHOTS in (config.get("kind"), request.path)
        try:
            contents = strict_json.decode(request.body, last_key_wins=True)
        except NotStrict:
            return _one_by_one(request.body, is_snapshot)
        if not isinstance(contents, list):
            raise Unreadable("the body is no array")
        return [_item(index, content, is_snapshot) for index, content in enumerate(contents)]

    def normalise(self, item: Item, context: Context) -> list[Draft]:
        if isinstance(item.content, NotStrict):
            raise ItemFailed("", str(item.content))
        return drafts_of(
            SNAPSHOT_TYPE if item.is_snapshot else None,
            item.content,
            time=context.received_at,
            extra={},
            context=context,
            most=len(item.canonical) + LONGEST_KEY,
        )

    def sample(
        self, secrets: SecretSet, config: Mapping[str, Any], *, now: datetime, unique: str
    ) -> None:
        return None


def _one_by_one(body: bytes, is_snapshot: bool) -> list[Item]:
    """The items where not all of them are strict. Raises `Unreadable`."""
    try:
        raws = [bytes(raw) for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from None
    items = []
    for index, raw in enumerate(raws):
        try:
            items.append(_item(index, strict_json.decode(raw, last_key_wins=True), is_snapshot))
        except NotStrict as error:
            items.append(Item(index=index, dedup_key=None, canonical=raw, content=error))
    return items


def _item(index: int, content: Any, is_snapshot: bool) -> Item:
    key = own_key(content)
    if key is None and is_snapshot and isinstance(content, dict):
        key = snapshot_key(content)
    kept = content
    if isinstance(content, dict):
        kept = content.copy()
        kept.pop("dedup_key", None)
    return Item(
        index=index,
        dedup_key=key,
        canonical=canonical_json(kept),
        content=content,
        is_snapshot=is_snapshot,
    )


def snapshot_key(snapshot: Mapping[str, Any]) -> str:
    """What makes two snapshots one: the counter and the time it stands for, not its value."""
    content = snapshot.get("content")
    if isinstance(content, dict):
        content = content.get("external_id")
    daily = snapshot.get("kind") == "daily"
    when = snapshot.get("day") if daily else parse_rfc3339(snapshot.get("as_of"))
    parts = ["snapshot", snapshot.get("metric"), snapshot.get("kind"), content, when]
    return canonical_json(parts).decode()
