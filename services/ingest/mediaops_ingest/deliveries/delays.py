"""How long after they happened activities came, in buckets whose bounds are 9 % apart."""

import math
from collections.abc import Mapping

__all__ = ["bucket_of", "longest_of"]

A_DOUBLING = 8
"""So many buckets until the bound is twice as high."""


def bucket_of(seconds: float) -> int:
    """The bucket of a delay; 0 takes all up to a second, also what is ahead of its time."""
    return math.ceil(A_DOUBLING * math.log2(seconds)) if seconds > 1 else 0


def longest_of(buckets: Mapping[int, int], share: float) -> float | None:
    """Within how many seconds this share of all came: the upper bound of the bucket that completes
    it, so that it is never too low and at most 9 % too high. None where nothing came."""
    needed, came = share * sum(buckets.values()), 0
    for bucket in sorted(buckets):
        came += buckets[bucket]
        if came >= needed > 0:
            return float(round(2 ** (bucket / A_DOUBLING), 3))
    return None
