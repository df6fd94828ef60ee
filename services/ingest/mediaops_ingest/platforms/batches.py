"""Reads a posted array of activities or snapshots: the good ones, and what is wrong with others."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from mediaops_common.http.strict_json import MAX_VALUES

from mediaops_ingest.platforms import strict_json
from mediaops_ingest.platforms.canonical import (
    MAX_ITEM_BYTES,
    CanonicalActivity,
    CanonicalSnapshot,
    activity_fault,
    are_sound_activities,
    are_sound_snapshots,
    snapshot_fault,
)
from mediaops_ingest.platforms.strict_json import NotStrict

__all__ = [
    "MAX_ITEMS",
    "Batch",
    "NotAnArray",
    "Rejection",
    "TooMany",
    "place_of",
    "read_activities",
    "read_snapshots",
]

MAX_ITEMS = 1000

T = TypeVar("T", CanonicalActivity, CanonicalSnapshot)


class NotAnArray(ValueError):
    """The body is JSON but not an array."""


class TooMany(ValueError):
    """The array is longer than `MAX_ITEMS`, or its items hold more than `MAX_VALUES` together."""


class Rejection(msgspec.Struct, frozen=True):
    """One refused item, in the form of the answer."""

    index: int
    field: str
    detail: str


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """`accepted`, `raws` and `positions` run in parallel."""

    accepted: Sequence[T]
    raws: Sequence[bytes]
    positions: Sequence[int]
    """Where each accepted item stood in the body."""
    rejected: list[Rejection]

    def cut(self, chosen: Iterable[int]) -> bytes:
        """A body of the accepted items at these places, from their own bytes."""
        return b"[" + b",".join([self.raws[place] for place in chosen]) + b"]"


@dataclass(frozen=True, slots=True)
class _Reader(Generic[T]):
    whole: "msgspec.json.Decoder[list[T]]"
    single: "msgspec.json.Decoder[T]"
    fault: Callable[[T, datetime], tuple[str, str] | None]
    are_sound: Callable[[Sequence[T], datetime], bool]
    """Whether none of them has a fault."""

    def read(self, body: bytes, now: datetime) -> Batch[T]:
        body = body.removeprefix(b"\xef\xbb\xbf")
        if strict_json.has_too_many_values(body):
            raise TooMany(f"more than {MAX_VALUES} values")
        raws = _slices(body)
        if len(raws) > MAX_ITEMS:
            raise TooMany(f"{len(raws)} items, at most {MAX_ITEMS}")
        decoded = self._together(body, raws)
        if decoded is None:
            return self._one_by_one(raws, now)
        if self.are_sound(decoded, now) and all([one.channel_id is not None for one in decoded]):
            return Batch(decoded, raws, range(len(raws)), [])
        fault = self.fault
        rejected = []
        for index, item in enumerate(decoded):
            found = ("channel_id", "is required") if item.channel_id is None else fault(item, now)
            if found:
                rejected.append(Rejection(index, *found))
        bad = {one.index for one in rejected}
        kept = [index for index in range(len(raws)) if index not in bad]
        return Batch([decoded[i] for i in kept], [raws[i] for i in kept], kept, rejected)

    def _together(self, body: bytes, raws: list[bytes]) -> list[T] | None:
        """All items in one go; None when any of them needs a closer look."""
        if max(map(len, raws), default=0) > MAX_ITEM_BYTES:
            return None
        if strict_json.has_odd_values(body) or strict_json.is_any_deep(raws):
            return None
        try:
            body.decode()
            return self.whole.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def _one_by_one(self, raws: list[bytes], now: datetime) -> Batch[T]:
        batch: Batch[T] = Batch([], [], [], [])
        accepted, kept, positions = [], [], []
        for index, raw in enumerate(raws):
            item = self._single(raw, now)
            if isinstance(item, tuple):
                batch.rejected.append(Rejection(index, *item))
                continue
            accepted.append(item)
            kept.append(raw)
            positions.append(index)
        return Batch(accepted, kept, positions, batch.rejected)

    def _single(self, raw: bytes, now: datetime) -> T | tuple[str, str]:
        if len(raw) > MAX_ITEM_BYTES:
            return "", f"is longer than {MAX_ITEM_BYTES} bytes"
        try:
            raw.decode()
            item = self.single.decode(raw)
            value = msgspec.json.decode(raw)
        except msgspec.ValidationError as error:
            return place_of(error)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return _unstorable(raw) or ("", str(error))
        if item.channel_id is None:
            return "channel_id", "is required"
        return strict_json.fault(value) or self.fault(item, now) or item


def _slices(body: bytes) -> list[bytes]:
    try:
        return [bytes(raw) for raw in _raw_list.decode(body)]
    except msgspec.ValidationError:
        return _mended(body, "the body is malformed")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _mended(body, str(error))


def _mended(body: bytes, reason: str) -> list[bytes]:
    """The items of an array in which something is JSON by its grammar but no text, such as a lone
    surrogate: escaped again, so that only the item that has it is refused."""
    try:
        items = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise NotStrict(reason) from None
    if not isinstance(items, list):
        raise NotAnArray("the body is not an array")
    return [json.dumps(item).encode() for item in items]


def _refuse(name: str) -> Any:
    raise NotStrict(f"{name} is not JSON")


def _unstorable(raw: bytes) -> tuple[str, str] | None:
    try:
        return strict_json.fault(json.loads(raw, parse_constant=_refuse))
    except (ValueError, RecursionError):
        return None


_PLACE = re.compile(
    r"^(?P<detail>.*?)(?: - at `(?P<path>key in )?\$\.?(?P<place>.*)`)?$", re.DOTALL
)
_FIELD = re.compile(r"(?:missing|unknown) (?:required )?field `(?P<name>[^`]*)`")


def place_of(error: msgspec.ValidationError) -> tuple[str, str]:
    """The field and the detail of what msgspec says, such as `actor.external_id`."""
    match = _PLACE.match(str(error))
    detail, place = (match["detail"], match["place"] or "") if match else (str(error), "")
    named = _FIELD.search(detail)
    if named:
        place = f"{place}.{named['name']}" if place else named["name"]
        detail = "is required"
    return place, detail


_raw_list: "msgspec.json.Decoder[list[msgspec.Raw]]" = msgspec.json.Decoder(list[msgspec.Raw])
_activities = _Reader(
    msgspec.json.Decoder(list[CanonicalActivity]),
    msgspec.json.Decoder(CanonicalActivity),
    activity_fault,
    are_sound_activities,
)
_snapshots = _Reader(
    msgspec.json.Decoder(list[CanonicalSnapshot]),
    msgspec.json.Decoder(CanonicalSnapshot),
    snapshot_fault,
    are_sound_snapshots,
)


def read_activities(body: bytes, now: datetime) -> Batch[CanonicalActivity]:
    """The activities of a `POST /activities` body.

    Raises `NotStrict` for what is not JSON, `NotAnArray`, `TooMany`; anything wrong with one item
    is among `rejected`.
    """
    return _activities.read(body, now)


def read_snapshots(body: bytes, now: datetime) -> Batch[CanonicalSnapshot]:
    """The snapshots of a `POST /snapshots` body, likewise."""
    return _snapshots.read(body, now)
