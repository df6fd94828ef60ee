"""Counts over days of bitmaps: trailing windows, active days, first days. No database here."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyroaring import BitMap

__all__ = ["active_days", "first_days", "in_order", "trailing_counts"]


def in_order(days: "Mapping[int, BitMap]", first: int, last: int) -> "list[BitMap]":
    """One bitmap for every day from `first` to `last`; empty where nobody was active."""
    from pyroaring import BitMap

    nobody = BitMap()
    return [days.get(day, nobody) for day in range(first, last + 1)]


def trailing_counts(bitmaps: "Sequence[BitMap]", window: int) -> list[int]:
    """For every day from the `window`-th on: how many distinct were active in the window ending
    there. `len(bitmaps) - window + 1` numbers.

    Days are cut into blocks as long as the window; each window is the end of one block and the
    beginning of the next, so that a day costs two unions however long the window is.
    """
    count = len(bitmaps)
    if window == 1:
        return [len(bits) for bits in bitmaps]
    ends: list[BitMap] = list(bitmaps)  # from here to the end of its block
    for at in range(count - 2, -1, -1):
        if (at + 1) % window:
            ends[at] = bitmaps[at] | ends[at + 1]
    counts = []
    begun = None  # from the beginning of the block up to here
    for at in range(count):
        begun = bitmaps[at] if at % window == 0 or begun is None else begun | bitmaps[at]
        start = at - window + 1
        if start >= 0:
            whole = start % window == 0
            counts.append(len(ends[start]) if whole else ends[start].union_cardinality(begun))
    return counts


def active_days(bitmaps: "Sequence[BitMap]") -> list[int]:
    """How many were active on exactly 1, 2, … `len(bitmaps)` of the days.

    Each actor's number of days is held in binary, one bitmap per digit; a day is added to all
    actors at once by carrying.
    """
    digits: list[BitMap] = []
    for bits in bitmaps:
        carry = bits
        for place, digit in enumerate(digits):
            if not carry:
                break
            digits[place], carry = digit ^ carry, digit & carry
        if carry:
            digits.append(carry.copy())
    return [_exactly(digits, days) for days in range(1, len(bitmaps) + 1)]


def _exactly(digits: "Sequence[BitMap]", number: int) -> int:
    if number >> len(digits):
        return 0
    from pyroaring import BitMap

    chosen = [digit for place, digit in enumerate(digits) if number >> place & 1]
    others = [digit for place, digit in enumerate(digits) if not number >> place & 1]
    found = BitMap.intersection(*chosen)
    for digit in others[:-1]:
        found = found - digit
    return found.difference_cardinality(others[-1]) if others else len(found)


def first_days(
    days: "Mapping[int, BitMap]", seen: "BitMap", first: int, last: int
) -> "Iterator[tuple[int, BitMap]]":
    """(day, whose first day it was) for the days from `first` to `last` on which there are any;
    `seen` are those who were active before `first`."""
    seen = seen.copy()
    for day in range(first, last + 1):
        bits = days.get(day)
        if bits is None:
            continue
        new = bits - seen
        if new:
            yield day, new
            seen |= new
