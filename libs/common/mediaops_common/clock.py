"""The domain clock: what time it is for signatures, tokens and days."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "FrozenClock", "SystemClock", "monotonic", "open_clock"]


class Clock(Protocol):
    """Gives aware UTC. Leases and time-outs use a monotonic clock instead."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FrozenClock:
    """Stands still at one moment until it is set to another."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def open_clock(*, production: bool = False) -> Clock:
    """The system's clock, or the one that `MEDIAOPS_CLOCK` (Unix seconds) freezes.

    Raises SystemExit for what is no moment, and in production mode, where a frozen clock would
    accept stale signatures.
    """
    frozen = os.environ.get("MEDIAOPS_CLOCK")
    if not frozen:
        return SystemClock()
    if production:
        raise SystemExit("MEDIAOPS_CLOCK is refused in production mode")
    try:
        return FrozenClock(datetime.fromtimestamp(float(frozen), UTC))
    except (ValueError, OverflowError, OSError):
        raise SystemExit("MEDIAOPS_CLOCK is not a Unix time in seconds") from None


monotonic: Callable[[], float] = time.monotonic
"""Seconds that never go back; only differences mean something."""
