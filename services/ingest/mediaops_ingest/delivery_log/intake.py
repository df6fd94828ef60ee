"""What waits to be written: bounded, and failed when it has waited for too long."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
from mediaops_common.clock import monotonic

from mediaops_ingest.delivery_log.port import LogFull, LogUnavailable, NewDelivery

__all__ = ["Intake", "Limits", "Waiting", "gather"]

WATCH_SECONDS = 0.1
GROUP_ROWS = 2_000
GROUP_BYTES = 16 << 20
ROW_BYTES = 400
"""What a row weighs beside its body, roughly."""


class Limits(NamedTuple):
    """How much may wait, and for how long."""

    max_waiting: int = 10_000
    max_waiting_bytes: int = 64 << 20
    patience_seconds: float = 1.5
    """Platforms do not wait for long: what is not durable by then is answered 503."""


class Waiting(msgspec.Struct):
    """What one request wants to be kept, and who waits for it."""

    deliveries: Sequence[NewDelivery]
    size: int
    future: "asyncio.Future[list[int]]"


def gather(queue: deque[Waiting | None]) -> tuple[list[Waiting], bool]:
    """What waits by now, up to a limit; True when the log is to stop after it."""
    group: list[Waiting] = []
    rows = size = 0
    while queue and rows < GROUP_ROWS and size < GROUP_BYTES:
        waiting = queue.popleft()
        if waiting is None:
            return group, True
        group.append(waiting)
        rows += len(waiting.deliveries)
        size += waiting.size
    return group, False


class Intake:
    """The requests between the door and the writer. Belongs to one event loop."""

    def __init__(self, submit: Callable[[Waiting], None], limits: Limits) -> None:
        self.is_open = False
        self._submit = submit
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._waiting = self._waiting_bytes = 0
        self._since: deque[tuple[float, asyncio.Future[list[int]]]] = deque()
        self._is_watching = False

    def append(self, deliveries: Sequence[NewDelivery]) -> "asyncio.Future[list[int]]":
        """See `DeliveryLog.append`."""
        future: asyncio.Future[list[int]] = self._loop.create_future()
        size = ROW_BYTES * len(deliveries)
        for delivery in deliveries:
            size += len(delivery.body)
        if not deliveries:
            future.set_result([])
        elif not self.is_open:
            future.set_exception(LogUnavailable("the delivery log is closed"))
        elif (
            self._waiting + len(deliveries) > self._limits.max_waiting
            or self._waiting_bytes + size > self._limits.max_waiting_bytes
        ):
            future.set_exception(LogFull("too many requests wait for the delivery log"))
        else:
            self._take(Waiting(deliveries, size, future))
        return future

    def _take(self, waiting: Waiting) -> None:
        self._waiting += len(waiting.deliveries)
        self._waiting_bytes += waiting.size
        self._since.append((monotonic(), waiting.future))
        if not self._is_watching:
            self._is_watching = True
            self._loop.call_later(WATCH_SECONDS, self._watch)
        self._submit(waiting)

    def settle(self, group: Sequence[Waiting], seq: int, error: Exception | None) -> int:
        """Tells everyone of a group; returns the seq above its last one."""
        for waiting in group:
            count = len(waiting.deliveries)
            self._waiting -= count
            self._waiting_bytes -= waiting.size
            if not waiting.future.done():  # its request may have gone away, or lost patience
                if error is None:
                    waiting.future.set_result(list(range(seq, seq + count)))
                else:
                    waiting.future.set_exception(_as_refusal(error))
            seq += count
        return seq

    def _watch(self) -> None:
        """Fails the requests that have waited too long. Looks at the oldest only, ten times a
        second, so that the usual request pays for no timer."""
        limit = monotonic() - self._limits.patience_seconds
        while self._since and (self._since[0][1].done() or self._since[0][0] < limit):
            _, future = self._since.popleft()
            if not future.done():
                future.set_exception(LogUnavailable("the delivery log did not answer in time"))
        self._is_watching = bool(self._since)
        if self._is_watching:
            self._loop.call_later(WATCH_SECONDS, self._watch)


def _as_refusal(error: Exception) -> Exception:
    if isinstance(error, LogUnavailable):
        return error
    refusal = LogUnavailable(f"the delivery log cannot be written: {error}")
    refusal.__cause__ = error
    return refusal
