"""What most platforms push: one JSON object, which is one item."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from mediaops_ingest.platforms import strict_json
from mediaops_ingest.platforms.batches import MAX_ITEMS
from mediaops_ingest.platforms.port import Item, Request, Unreadable
from mediaops_ingest.platforms.strict_json import canonical_json

__all__ = ["bounded", "inner", "item_of", "json_request", "object_of", "stored_json"]


def stored_json(request: Request, form: type) -> Any:
    """The body of a stored request, an object or a list. Raises `Unreadable`.

    The door has refused what holds a key twice; it is not looked for again.
    """
    try:
        value = strict_json.decode(request.body, last_key_wins=True)
    except strict_json.NotStrict as error:
        raise Unreadable(str(error)) from None
    if not isinstance(value, form):
        raise Unreadable(f"the body is no {form.__name__}")
    return value


def object_of(request: Request) -> dict[str, Any]:
    """The object in a stored request. Raises `Unreadable`."""
    found: dict[str, Any] = stored_json(request, dict)
    return found


def item_of(
    push: Mapping[str, Any], *, key: str | None, volatile: tuple[str, ...] = (), index: int = 0
) -> Item:
    """The item, with the members named `volatile` left out of its digest."""
    return Item(
        index=index,
        dedup_key=key,
        canonical=canonical_json({k: v for k, v in push.items() if k not in volatile}),
        content=push,
    )


def bounded(items: list[Item]) -> list[Item]:
    """The items, if they are not more than a request may hold. Raises `Unreadable`."""
    if len(items) > MAX_ITEMS:
        raise Unreadable(f"{len(items)} items, at most {MAX_ITEMS}")
    return items


def inner(push: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A member that should be an object; an empty one for anything else."""
    found = push.get(name)
    return found if isinstance(found, dict) else {}


def json_request(
    body: bytes,
    now: datetime,
    *headers: tuple[bytes, bytes],
    query: Mapping[str, str] | None = None,
) -> Request:
    """A push as platforms send theirs: a JSON body, and the headers or the query that prove it."""
    return Request(
        method="POST",
        query=urlencode(query or {}).encode(),
        headers=((b"content-type", b"application/json"), *headers),
        body=body,
        now=now,
    )
