"""The delivery log in SQLite files of this process: one thread writes, one thread reads."""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from uuid import UUID

from mediaops_common.clock import Clock, monotonic

from mediaops_ingest.delivery_log.days import DayFiles, day_in, place_in, utc_day
from mediaops_ingest.delivery_log.port import (
    LogFull,
    LoggedDelivery,
    LogUnavailable,
    NewDelivery,
)
from mediaops_ingest.delivery_log.reader import DayReader
from mediaops_ingest.delivery_log.writer import GroupWriter, Waiting

__all__ = ["EmbeddedLog", "open_embedded_log"]

MAX_WAITING = 10_000
MAX_WAITING_BYTES = 64 << 20
WATCH_SECONDS = 0.1
STOP_SECONDS = 8.0
ROW_BYTES = 400
"""What a row weighs beside its body, roughly."""


async def open_embedded_log(
    folder: Path,
    clock: Clock,
    *,
    max_waiting: int = MAX_WAITING,
    max_waiting_bytes: int = MAX_WAITING_BYTES,
    patience_seconds: float = 1.5,
) -> "EmbeddedLog":
    """Opens the log and continues after its newest delivery.

    Raises when the newest file cannot be written. An append that is not durable after
    `patience_seconds` raises LogUnavailable, because platforms do not wait for long.
    """
    log = EmbeddedLog(folder, clock, max_waiting, max_waiting_bytes, patience_seconds)
    await asyncio.to_thread(log.start)
    return log


class EmbeddedLog:
    """See `DeliveryLog`. Belongs to the event loop in which it was made."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        max_waiting: int,
        max_waiting_bytes: int,
        patience_seconds: float,
    ) -> None:
        self._files = DayFiles(folder)
        self._loop = asyncio.get_running_loop()
        self._writer = GroupWriter(self._files, clock, self._settle_from_thread)
        self._reader = DayReader(self._files)
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="delivery-log-read")
        self._max_waiting, self._max_waiting_bytes = max_waiting, max_waiting_bytes
        self._patience_seconds = patience_seconds
        self._waiting = self._waiting_bytes = 0
        self._since: deque[tuple[float, asyncio.Future[list[int]]]] = deque()
        self._is_watching = False
        self._news: asyncio.Future[None] | None = None
        self._read_through: int | None = None
        self._newest_by_day: dict[int, int] = {}
        self._is_open = False

    def start(self) -> None:
        """Opens the newest file; blocks, so it is called in a thread."""
        self._newest_by_day = {day: self._files.newest_in(day) for day in self._files.days()}
        self._writer.start()
        self._is_open = True

    @property
    def newest_seq(self) -> int:
        return self._writer.newest_seq

    @property
    def backlog(self) -> int:
        read, newest = self._read_through, self._writer.newest_seq
        if read is None or newest <= read:
            return 0
        if day_in(newest) == day_in(read):
            return newest - read
        later = (seq for day, seq in self._newest_by_day.items() if day >= day_in(read))
        return sum(place_in(seq) for seq in later) - place_in(read)

    @property
    def trouble(self) -> str | None:
        return self._writer.trouble

    async def append(self, deliveries: Sequence[NewDelivery]) -> list[int]:
        if not deliveries:
            return []
        if not self._is_open:
            raise LogUnavailable("the delivery log is closed")
        size = sum([len(delivery.body) + ROW_BYTES for delivery in deliveries])
        if (
            self._waiting + len(deliveries) > self._max_waiting
            or self._waiting_bytes + size > self._max_waiting_bytes
        ):
            raise LogFull("too many requests wait for the delivery log")
        self._waiting += len(deliveries)
        self._waiting_bytes += size
        future: asyncio.Future[list[int]] = self._loop.create_future()
        self._since.append((monotonic(), future))
        if not self._is_watching:
            self._is_watching = True
            self._loop.call_later(WATCH_SECONDS, self._watch)
        self._writer.submit(Waiting(deliveries, size, future))
        return await future

    async def read(self, after: int, limit: int, max_bytes: int = 8 << 20) -> list[LoggedDelivery]:
        newest = self._writer.newest_seq
        if newest <= after or limit < 1:
            return []
        return await self._loop.run_in_executor(
            self._reading, self._reader.read, after, limit, max_bytes, newest
        )

    async def read_back(self, before: int, after: int, limit: int) -> list[LoggedDelivery]:
        return await self._loop.run_in_executor(
            self._reading, self._reader.read_back, before, after, limit
        )

    async def get(self, seq: int) -> LoggedDelivery | None:
        return await self._loop.run_in_executor(self._reading, self._reader.get, seq)

    async def find(self, delivery_id: UUID, hint: datetime | None = None) -> LoggedDelivery | None:
        return await self._loop.run_in_executor(self._reading, self._reader.find, delivery_id, hint)

    async def wait_newer(self, seq: int, timeout: float) -> bool:
        deadline = monotonic() + timeout
        while self._writer.newest_seq <= seq:
            left = deadline - monotonic()
            if left <= 0:
                return False
            if self._news is None:
                self._news = self._loop.create_future()
            await asyncio.wait([self._news], timeout=left)
        return True

    def note_read(self, through: int) -> None:
        self._read_through = max(through, self._read_through or 0)

    async def drop_before(self, moment: datetime) -> int:
        if self._read_through is None:
            return 0
        dropped = await self._loop.run_in_executor(
            self._reading, self._reader.drop_before, utc_day(moment), self._read_through
        )
        kept = set(self._files.days())
        self._newest_by_day = {d: seq for d, seq in self._newest_by_day.items() if d in kept}
        return dropped

    async def close(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        # Readers go first: the connection that goes last tidies the file, and that is the writer's.
        await self._loop.run_in_executor(self._reading, self._reader.close)
        self._reading.shutdown(wait=False)
        await asyncio.to_thread(self._writer.stop, STOP_SECONDS)

    def _settle_from_thread(
        self, group: list[Waiting], first: int, error: Exception | None
    ) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._settle, group, first, error)

    def _settle(self, group: list[Waiting], seq: int, error: Exception | None) -> None:
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
        if error is None:
            self._newest_by_day[day_in(seq - 1)] = seq - 1
            if self._news is not None:
                self._news.set_result(None)
                self._news = None

    def _watch(self) -> None:
        """Fails the requests that have waited too long. Looks at the oldest only, ten times a
        second, so that the usual request pays for no timer."""
        limit = monotonic() - self._patience_seconds
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
