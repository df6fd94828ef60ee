"""Reads single fields of platforms' payloads, which say one thing in several ways."""

from typing import Any

from mediaops_common.events.activity import Actor
from mediaops_common.lengths import LONGEST_ID

from mediaops_ingest.platforms.port import Context, ItemFailed

__all__ = ["actor_of", "id_of", "key_of", "list_of", "present", "text_of", "whole_number"]

_AMOUNT = 10**12


def text_of(value: Any, *, limit: int = 255) -> str | None:
    """A text without the space around it, cut at `limit`; whole numbers become text.

    None for anything else, empty texts included.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return value.strip()[:limit] or None
    return None


def id_of(value: Any, field: str) -> str | None:
    """An id: a text or a whole number, since one event has it as the one and the next as the other.

    None where there is none. Raises `ItemFailed` for one that is too long, because a cut id would
    be somebody else's.
    """
    text = text_of(value, limit=LONGEST_ID + 1)
    if text is not None and len(text) > LONGEST_ID:
        raise ItemFailed(field, f"is longer than {LONGEST_ID} characters")
    return text


def key_of(value: Any) -> str | None:
    """A platform's own id for a thing that it may send twice; None for one that cannot be a key,
    so that the digest stands in. Never raises."""
    text = text_of(value, limit=LONGEST_ID + 1)
    return text if text is not None and len(text) <= LONGEST_ID else None


def present(**fields: Any) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def whole_number(value: Any) -> int | None:
    """A whole number, from a number or its text; None for anything else or beyond 10^12."""
    if isinstance(value, str):
        text = value.strip()
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 16):
            return None
        value = int(text)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _AMOUNT:
        return None
    return value


def list_of(value: Any) -> list[Any]:
    """The list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def actor_of(value: Any, field: str, context: Context, *, name: Any = None) -> Actor | None:
    """The person with that id; None where there is no id. Raises `ItemFailed`."""
    external_id = id_of(value, field)
    if external_id is None:
        return None
    return Actor(external_id=external_id, id_scope=context.id_scope, name=text_of(name))
