"""When a loop turns again: at its pace, or when something happened."""

import asyncio
import contextlib
import time

__all__ = ["Pace", "until"]


class Pace:
    """Lets a loop turn at most once in `seconds`, unless it is behind: many small batches become
    few larger ones, at the price of a moment.

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


async def until(event: asyncio.Event, seconds: float) -> None:
    """Waits for the event, so long at most."""
    # Not `wait_for`: before Python 3.12 it swallows a cancellation that meets the event.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
