"""Lists in pages: `limit`, `after`, and `{"items": [...], "next": ...}`."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel

from mediaops_common.http.problems import Invalid

__all__ = ["Page", "PageArgs", "PageQuery", "decode_cursor", "encode_cursor", "page_of"]

T = TypeVar("T")
Row = TypeVar("Row")


class Page(BaseModel, Generic[T]):
    """One page; `next` is what to pass as `after`, or null on the last one."""

    items: list[T]
    next: str | None = None


class PageArgs:
    """What the caller asked for. `after` is opaque: the place of the last row seen, None for the
    first page. What opens it raises Invalid for a place that no page gave."""

    def __init__(self, limit: int, after: str | None) -> None:
        self.limit = limit
        self.after = after

    def after_id(self) -> UUID | None:
        """Where rows are sorted by their id."""
        if self.after is None:
            return None
        try:
            return UUID(str(decode_cursor(self.after, 1)[0]))
        except ValueError:
            raise Invalid("after", "is not a place that a page gave") from None

    def after_number(self) -> int | None:
        """Where rows are sorted by one number."""
        numbers = self.after_numbers(1)
        return None if numbers is None else numbers[0]

    def after_numbers(self, parts: int) -> tuple[int, ...] | None:
        """Where rows are sorted by so many numbers."""
        if self.after is None:
            return None
        numbers = decode_cursor(self.after, parts)
        if not all(isinstance(part, int) for part in numbers):
            raise Invalid("after", "is not a place that a page gave")
        return tuple(numbers)


async def _page_args(
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[str | None, Query(max_length=1000)] = None,
) -> PageArgs:
    return PageArgs(limit, after)


PageQuery = Annotated[PageArgs, Depends(_page_args)]
"""`page: PageQuery` in a route: `page.limit` (1..1000, 100 by default) and `page.after`."""


def encode_cursor(*parts: str | int | None) -> str:
    """The sort key of a row as an opaque text. UUIDs and moments go in as str or int."""
    raw = json.dumps(parts, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_cursor(after: str, parts: int) -> list[Any]:
    """What was encoded: exactly `parts` texts, 64-bit integers or nulls. Raises Invalid."""
    try:
        padded = after.encode("ascii") + b"=" * (-len(after) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise Invalid("after", "is not a place that a page gave") from None
    if (
        not isinstance(found, list)
        or len(found) != parts
        or not all(part is None or _is_plain(part) for part in found)
    ):
        raise Invalid("after", "is not a place that a page gave")
    return found


def _is_plain(part: Any) -> bool:
    if isinstance(part, str):
        return "\x00" not in part and part.isprintable()
    return isinstance(part, int) and not isinstance(part, bool) and -(2**63) <= part < 2**63


def page_of(
    rows: Sequence[Row], args: PageArgs, place: Callable[[Row], Sequence[str | int | None]]
) -> tuple[list[Row], str | None]:
    """Cuts `limit + 1` fetched rows into the page's rows and its `next`."""
    kept = list(rows[: args.limit])
    if len(rows) <= args.limit:
        return kept, None
    return kept, encode_cursor(*place(kept[-1]))
