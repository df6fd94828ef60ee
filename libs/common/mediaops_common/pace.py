"""Pacing of loops: many small batches become few larger ones, at the price of a moment."""

import asyncio
import time

__all__ = ["Pace"]


class Pace:
    """Lets a loop turn at most once in `seconds`, unless it is behind.

    A transaction costs about the same for one event as for a hundred; without a pace a loop that is
    woken by every request spends its time on transactions.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._turned = 0.0

    async def turn(self, *, is_behind: bool = False) -> None:
        """Called after a turn that did something: waits for what is left of the pace."""
        left = self._turned + self._seconds - time.monotonic()
        if left > 0 and not is_behind:
            await asyncio.sleep(left)
        self._turned = time.monotonic()
