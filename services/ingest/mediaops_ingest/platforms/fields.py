"""Reads single fields of platforms' payloads, which say one thing in several ways."""

from typing import Any

__all__ = ["text_of", "whole_number"]

_AMOUNT = 10**15


def text_of(value: Any, *, limit: int = 255) -> str | None:
    """A text that is neither empty nor longer than `limit`; whole numbers become text.

    Ids come as numbers in one event and as text in the next. None for anything else.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        value = value.strip()
        return value[:limit] or None
    return None


def whole_number(value: Any) -> int | None:
    """A whole number, from a number or its text; None for anything else or beyond 10^15."""
    if isinstance(value, str):
        text = value.strip()
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 16):
            return None
        value = int(text)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _AMOUNT:
        return None
    return value
