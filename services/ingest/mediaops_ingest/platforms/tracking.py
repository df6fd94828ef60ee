"""What tracking clients send: lists of small events, read at the door and again from the log."""

from typing import Any

from mediaops_ingest.platforms import strict_json
from mediaops_ingest.platforms.batches import MAX_ITEMS
from mediaops_ingest.platforms.port import Malformed

__all__ = ["BadBody", "json_object", "listed", "plain_url"]


class BadBody(Exception):
    """Cannot be read; the door answers with its verdict, the normaliser keeps its reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.verdict = Malformed(status, reason)


def json_object(raw: bytes) -> dict[str, Any]:
    """Raises `BadBody`."""
    try:
        found = strict_json.decode(raw)
    except strict_json.NotStrict:
        raise BadBody(400, "json") from None
    if not isinstance(found, dict):
        raise BadBody(400, "schema")
    return found


def listed(events: Any) -> list[Any]:
    """A list that is not longer than a request may hold. Raises `BadBody`."""
    if not isinstance(events, list):
        raise BadBody(400, "schema")
    if len(events) > MAX_ITEMS:
        raise BadBody(413, "size")
    return events


def plain_url(url: Any) -> str | None:
    """The address without what a link added to it: the same page for whoever came by which way."""
    return url.partition("#")[0].partition("?")[0] or None if isinstance(url, str) else None
