"""The one task that writes the log: whoever waits shares the next transaction."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from mediaops_common.clock import monotonic

from mediaops_ingest.delivery_log.intake import Waiting, gather
from mediaops_ingest.delivery_log.port import LogUnavailable
from mediaops_ingest.delivery_log.rows import Row, to_row

__all__ = ["Appender", "Rows"]

log = structlog.get_logger(__name__)

THREAD_BYTES = 256 << 10
"""A larger request is packed beside the event loop: that takes a millisecond then, which is as long
as a thread may take to get its turn. A quarter of it cost a quarter of the requests."""
RETRY_SECONDS = 0.5
"""After trouble, how long requests are refused before a commit is tried again."""

Settle = Callable[[list[Waiting], int, Exception | None], int]
"""Tells everyone of a group its first seq or what went wrong; returns the seq above its last."""


class Rows(Protocol):
    """Where rows become durable, one group at a time."""

    async def commit(self, rows: Sequence[Row]) -> int:
        """Numbers the rows behind the newest and returns the seq of the first, once all of them
        are durable. After an error all or none of them are."""

    async def give_up(self, error: Exception) -> str:
        """After an error nothing is certain: the next commit begins anew. Returns what is wrong."""


class Appender:
    """Takes what waits, commits it as one transaction, tells everyone, and begins again.

    There is no linger: the next group gathers while the disk or the server works on this one, and
    is taken by the event loop, so that all are in it whose requests were read by then.
    """

    def __init__(self, rows: Rows, settle: Settle) -> None:
        self._rows = rows
        self._tell = settle
        self._queue: deque[Waiting | None] = deque()
        self._bell = asyncio.Event()
        self._refuse_until = 0.0
        self._task: asyncio.Task[None] | None = None
        self.trouble: str | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    def submit(self, waiting: Waiting | None) -> None:
        """None is the last. It is packed while the group before is under way, so that the next
        one can follow at once."""
        if waiting is not None and waiting.size <= THREAD_BYTES:
            _pack([waiting])
        self._queue.append(waiting)
        self._bell.set()

    async def stop(self, timeout: float) -> None:
        """Writes what was submitted before."""
        self.submit(None)
        if self._task is not None:
            await asyncio.wait([self._task], timeout=timeout)
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            group, is_last = gather(self._queue)
            if group:
                await self._write(group)
            if is_last:
                return
            if not self._queue:
                self._bell.clear()
                await self._bell.wait()

    async def _write(self, group: list[Waiting]) -> None:
        large = [waiting for waiting in group if waiting.packed is None]
        if large:
            await asyncio.to_thread(_pack, large)
        storable: list[Waiting] = []
        rows: list[Row] = []
        for waiting in group:
            if isinstance(waiting.packed, list):
                storable.append(waiting)
                rows += waiting.packed
            else:  # only the request that brought it shall fail
                self._tell([waiting], 0, waiting.packed)
        if not rows:
            return
        try:
            if monotonic() < self._refuse_until:
                raise LogUnavailable("the delivery log had trouble a moment ago")
            first = await self._rows.commit(rows)
        except Exception as error:
            await self._recover(error)
            self._tell(storable, 0, error)
            return
        self.trouble = None
        self._settle(storable, first)

    def _settle(self, group: list[Waiting], first: int) -> None:
        """Tells half of the senders before the next group is on its way, and half after: who is
        told sends again, so that neither the commit nor this process waits for the other."""
        half = (len(group) + 1) // 2
        following = self._tell(group[:half], first, None)
        asyncio.get_running_loop().call_soon(self._tell, group[half:], following, None)

    async def _recover(self, error: Exception) -> None:
        if isinstance(error, LogUnavailable):
            return
        log.warning("delivery_log_trouble", error=type(error).__name__)
        self._refuse_until = monotonic() + RETRY_SECONDS
        self.trouble = await self._rows.give_up(error)


def _pack(group: list[Waiting]) -> None:
    for waiting in group:
        try:
            waiting.packed = [to_row(delivery) for delivery in waiting.deliveries]
        except Exception as error:
            waiting.packed = error
        waiting.deliveries = ()
