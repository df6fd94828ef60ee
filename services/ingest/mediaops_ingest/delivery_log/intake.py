"""What waits to be written: bounded, and failed when it has waited for too long."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
import structlog
from mediaops_common.clock import monotonic

from mediaops_ingest.delivery_log.port import LogFull, LogUnavailable, NewDelivery, Told
from mediaops_ingest.delivery_log.rows import Row

__all__ = ["Intake", "Limits", "Waiting", "gather"]

log = structlog.get_logger(__name__)

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
    """Empty once they are packed."""
    count: int
    """Of deliveries."""
    size: int
    since: float
    told: Told | None
    """None once it was called."""
    packed: list[Row] | Exception | None = None
    """The deliveries as rows, or why they cannot be stored."""


def gather(queue: deque[Waiting | None]) -> tuple[list[Waiting], bool]:
    """What waits by now, up to a limit; True when the log is to stop after it."""
    group: list[Waiting] = []
    rows = size = 0
    while queue and rows < GROUP_ROWS and size < GROUP_BYTES:
        waiting = queue.popleft()
        if waiting is None:
            return group, True
        group.append(waiting)
        rows += waiting.count
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
        self._since: deque[Waiting] = deque()
        self._is_watching = False

    def append(self, deliveries: Sequence[NewDelivery]) -> "asyncio.Future[list[int]]":
        """See `DeliveryLog.append`."""
        future: asyncio.Future[list[int]] = self._loop.create_future()

        def told(first: int, error: Exception | None) -> None:
            if future.done():
                return  # its request has gone away
            if error is None:
                future.set_result(list(range(first, first + len(deliveries))))
            else:
                future.set_exception(error)

        if deliveries:
            self.submit(deliveries, told)
        else:
            future.set_result([])
        return future

    def submit(self, deliveries: Sequence[NewDelivery], told: Told) -> None:
        """See `DeliveryLog.submit`."""
        count = len(deliveries)
        size = ROW_BYTES * count
        for delivery in deliveries:
            size += len(delivery.body)
        waiting = Waiting(deliveries, count, size, monotonic(), told)
        limits = self._limits
        waits, bytes_wait = self._waiting + count, self._waiting_bytes + size
        if not self.is_open:
            closed = LogUnavailable("the delivery log is closed")
            self._loop.call_soon(_tell, waiting, 0, closed)
        elif waits > limits.max_waiting or bytes_wait > limits.max_waiting_bytes:
            full = LogFull("too many requests wait for the delivery log")
            self._loop.call_soon(_tell, waiting, 0, full)
        else:
            self._waiting, self._waiting_bytes = waits, bytes_wait
            self._since.append(waiting)
            if not self._is_watching:
                self._is_watching = True
                self._loop.call_later(WATCH_SECONDS, self._watch)
            self._submit(waiting)

    def settle(self, group: Sequence[Waiting], seq: int, error: Exception | None) -> int:
        """Tells everyone of a group; returns the seq above its last one."""
        refusal = None if error is None else _as_refusal(error)
        for waiting in group:
            self._waiting -= waiting.count
            self._waiting_bytes -= waiting.size
            if waiting.told is not None:  # it may have lost patience
                _tell(waiting, seq, refusal)
            waiting.packed = None
            seq += waiting.count
        self._forget_told()
        return seq

    def _forget_told(self) -> None:
        """At once: a tenth of a second of requests is more than the processor's cache takes."""
        since = self._since
        while since and since[0].told is None:
            since.popleft()

    def _watch(self) -> None:
        """Refuses what has waited too long. Looks at the oldest only, ten times a second, so that
        the usual request pays for no timer."""
        limit = monotonic() - self._limits.patience_seconds
        while self._since and self._since[0].since < limit:
            waiting = self._since.popleft()
            if waiting.told is not None:
                _tell(waiting, 0, LogUnavailable("the delivery log did not answer in time"))
        self._is_watching = bool(self._since)
        if self._is_watching:
            self._loop.call_later(WATCH_SECONDS, self._watch)


def _tell(waiting: Waiting, first: int, error: Exception | None) -> None:
    told, waiting.told = waiting.told, None
    assert told is not None
    try:
        told(first, error)
    except Exception:
        log.exception("delivery_untold")  # the others of its group are told all the same


def _as_refusal(error: Exception) -> Exception:
    if isinstance(error, LogUnavailable):
        return error
    refusal = LogUnavailable(f"the delivery log cannot be written: {error}")
    refusal.__cause__ = error
    return refusal
