"""JSON without what the databases or other readers would take differently."""

import json
import math
from typing import Any, NoReturn

from mediaops_common.http.problems import Malformed

__all__ = ["MAX_VALUES", "read_json"]

MAX_DEPTH = 64
MAX_VALUES = 250_000
"""Counted by their commas and brackets; 5 MiB of `[],[],…` would become 150 MiB of lists."""

SMALLEST, LARGEST = -(2**63), 2**63 - 1


def read_json(raw: bytes) -> Any:
    """The value of a UTF-8 JSON text, or a Malformed problem that names what is wrong.

    Refused beyond bad syntax: a byte-order mark, NaN and infinities (1e999 too), integers beyond 64
    bits, doubled keys, lone surrogates, NUL, nesting deeper than 64, more values than any request
    of ours has.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"the body is not UTF-8 (byte {error.start})") from None
    if text.startswith("\ufeff"):
        raise Malformed("the body begins with a byte-order mark")
    opened = text.count("[") + text.count("{")
    if opened + text.count(",") > MAX_VALUES:
        raise Malformed(f"the body holds more than {MAX_VALUES} values")
    try:
        value = json.loads(
            text,
            parse_constant=_constant,
            parse_float=_finite,
            parse_int=_bounded,
            object_pairs_hook=_unique,
        )
    except json.JSONDecodeError as error:
        raise Malformed(f"the body is not JSON: {error.msg} at {error.pos}") from None
    except RecursionError:
        raise Malformed(f"the body is nested deeper than {MAX_DEPTH}") from None
    if opened > MAX_DEPTH or "\\u" in text:
        _look_inside(value)
    return value


def _constant(name: str) -> NoReturn:
    raise Malformed(f"the body is not JSON: {name} is not a number")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise Malformed("a number is too large")
    return value


def _bounded(text: str) -> int:
    # The length first: turning a million digits into a number takes seconds.
    value = int(text) if len(text) <= 20 else LARGEST + 1
    if not SMALLEST <= value <= LARGEST:
        raise Malformed("an integer is beyond 64 bits")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("an object has the same key twice")
    return found


def _look_inside(value: Any) -> None:
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, str):
            _check_text(item)
        elif isinstance(item, dict | list):
            if depth > MAX_DEPTH:
                raise Malformed(f"the body is nested deeper than {MAX_DEPTH}")
            if isinstance(item, dict):
                for key in item:
                    _check_text(key)
            inner = item.values() if isinstance(item, dict) else item
            waiting.extend((part, depth + 1) for part in inner)


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise Malformed("a text holds NUL")
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise Malformed("a text holds a lone surrogate")
