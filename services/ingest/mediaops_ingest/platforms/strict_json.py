"""JSON of strangers: decoded strictly, so that whatever passes can be stored and sent on."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from mediaops_common.http.strict_json import MAX_VALUES

__all__ = [
    "NotStrict",
    "canonical_json",
    "decode",
    "fault",
    "has_odd_values",
    "has_too_many_values",
    "is_any_deep",
    "is_deep",
    "storable",
]

MAX_DEPTH = 32
"""Deeper nesting is refused: it serves nobody, and every reader downstream recurses."""

_INT64 = 2**63

# Every digit as "0" and no white space, so that a number that may not fit into 64 bits is found by
# a plain search; a regular expression costs ten times as much.
_DIGITS = bytes(0x30 if 0x30 <= code <= 0x39 else code for code in range(256))
_SPACE = b" \t\r\n"
_NO_BRACKETS = bytes(code for code in range(256) if code not in b"[]{}")
_MANY = b"0" * 19
_LONG = [mark + _MANY for mark in (b":", b",", b"[", b"-")]

_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder(order="sorted")
_as_read = msgspec.json.Encoder()

_BOM = b"\xef\xbb\xbf"


class NotStrict(ValueError):
    """Not JSON, or JSON that a database or another reader would refuse."""


def decode(raw: bytes, *, last_key_wins: bool = False) -> Any:
    """The value of a JSON text; one byte order mark in front is forgiven. An object with the same
    key twice, which two readers could read differently, is refused unless the last one shall win.
    Raises `NotStrict`."""
    raw = raw.removeprefix(_BOM)
    if has_too_many_values(raw):
        raise NotStrict(f"more than {MAX_VALUES} values")
    try:
        value = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotStrict(str(error)) from None
    if is_deep(raw) or has_odd_values(raw):
        found = fault(value)
        if found:
            raise NotStrict(f"{found[1]} at {found[0] or 'the top'}")
    if not last_key_wins and not _is_as_written(value, raw):
        _check_keys(raw, value)
    return value


def _is_as_written(value: Any, raw: bytes) -> bool:
    """Whether the value comes out as the text that it was read from. A compact writer's does, and
    then nothing of the text was lost: no key was there twice."""
    try:
        return _as_read.encode(value) == raw
    except (UnicodeEncodeError, OverflowError, RecursionError):
        return False


def _check_keys(raw: bytes, value: Any) -> None:
    if _most_keys(raw.translate(None, _SPACE)) != _count_of_keys(value):
        try:
            json.loads(raw, object_pairs_hook=_unique)
        except (ValueError, RecursionError) as error:
            raise NotStrict(str(error)) from None


def _most_keys(plain: bytes) -> int:
    """How many keys the text has at most. Where fewer came out of it, it may hold one twice: every
    key ends with a quote that is not escaped, and a colon. A text that begins with a colon only
    makes it more cautious; reading everything twice costs three times as much."""
    if b"\\" in plain:
        plain = plain.replace(b"\\\\", b"").replace(b'\\"', b"")
    return plain.count(b'":')


def _count_of_keys(value: Any) -> int:
    count, waiting = 0, [value] if type(value) in (dict, list) else []
    while waiting:
        one = waiting.pop()
        if type(one) is dict:
            count += len(one)
            one = one.values()
        for inner in one:
            if type(inner) is dict or type(inner) is list:
                waiting.append(inner)
    return count


def _unique(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise NotStrict("an object has the same key twice")


def has_too_many_values(raw: bytes) -> bool:
    """Told by commas and brackets, before anything is made of them: 5 MiB of `[],[],…` would take
    150 MB, and seconds in which nobody else is answered."""
    if len(raw) <= MAX_VALUES:
        return False
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{") > MAX_VALUES


def is_deep(raw: bytes) -> bool:
    """Whether it could be nested too deeply."""
    brackets = raw.translate(None, _NO_BRACKETS)
    if len(brackets) <= 2 * MAX_DEPTH:
        return False
    # Long and flat is usual in batches: taking innermost pairs away shows it without decoding.
    # One round takes at most two levels; brackets inside texts only make it more cautious.
    for _ in range(MAX_DEPTH // 2):
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if not brackets:
            return False
    return True


def is_any_deep(raws: Sequence[bytes]) -> bool:
    """Whether one of them could be."""
    openings = [raw.count(b"[") + raw.count(b"{") for raw in raws]
    return max(openings, default=0) > MAX_DEPTH and any(map(is_deep, raws))


def has_odd_values(raw: bytes) -> bool:
    """Whether it could hold a NUL or an integer beyond 64 bits."""
    # A single letter is found at once, and most texts have no escape.
    if b"\\" in raw and b"\\u0000" in raw:
        return True
    # To leave out the white space as well costs three times as much.
    if _MANY not in raw.translate(_DIGITS):
        return False
    plain = raw.translate(_DIGITS, _SPACE)
    return plain.startswith(_MANY) or any(mark in plain for mark in _LONG)


def fault(value: Any, path: str = "", depth: int = 0) -> tuple[str, str] | None:
    """Where a decoded value holds what we do not store, and what it is; None where it is fine.

    Looks for NUL, lone surrogates, integers beyond 64 bits and nesting below `MAX_DEPTH`.
    """
    kind = type(value)
    if kind is str:
        return _fault_of_text(value, path)
    if kind is int:
        return None if -_INT64 <= value < _INT64 else (path, "an integer beyond 64 bits")
    if kind is dict or kind is list:
        if depth >= MAX_DEPTH:
            return path, f"nesting deeper than {MAX_DEPTH}"
        if kind is list:
            return _first(fault(one, f"{path}[{n}]", depth + 1) for n, one in enumerate(value))
        return _first(
            _fault_of_text(key, path) or fault(one, f"{path}.{key}" if path else key, depth + 1)
            for key, one in value.items()
        )
    return None


def _first(found: Iterator[tuple[str, str] | None]) -> tuple[str, str] | None:
    return next(filter(None, found), None)


def _fault_of_text(text: str, path: str) -> tuple[str, str] | None:
    if "\x00" in text:
        return path, "a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return path.encode(errors="replace").decode(), "a lone surrogate"
    return None


def storable(value: Any) -> bytes | tuple[str, str]:
    """The canonical JSON of a value that was put together here, or its fault."""
    try:
        raw = canonical_json(value)
    except (UnicodeEncodeError, OverflowError, RecursionError):
        raw = b""
    if raw and not is_deep(raw) and not has_odd_values(raw):
        return raw
    return fault(value) or canonical_json(value)


def canonical_json(value: Any) -> bytes:
    """The same bytes for the same value, however its sender ordered and spaced it."""
    return _encoder.encode(value)
