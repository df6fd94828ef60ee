"""How many examples the property tests over whole histories try."""

import os

__all__ = ["examples"]

FACTOR = float(os.environ.get("TEST_EXAMPLES", "1"))


def examples(usual: int) -> int:
    """As many as usual, or as many times more as TEST_EXAMPLES says."""
    return max(1, round(usual * FACTOR))
