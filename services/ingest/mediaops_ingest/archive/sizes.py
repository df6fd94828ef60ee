"""How much fits into one step: one chunk, as one delivery, may have megabytes."""

from collections.abc import Iterable
from itertools import accumulate

__all__ = ["fitting"]


def fitting(sizes: Iterable[int], most: int) -> int:
    """How many of these, from the first on, are no more than `most` together; one at least."""
    return max(1, sum(total <= most for total in accumulate(sizes)))
