"""The delivery log in SQLite files of this process: one thread writes, one thread reads."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from uuid import UUID

from mediaops_common.clock import Clock, monotonic

from mediaops_ingest.delivery_log.appending import Appender
from mediaops_ingest.delivery_log.backlog import Backlog
from mediaops_ingest.delivery_log.day_writer import DayWriter
from mediaops_ingest.delivery_log.days import DayFiles, utc_day
from mediaops_ingest.delivery_log.intake import Intake, Limits, Waiting
from mediaops_ingest.delivery_log.port import LoggedDelivery, NewDelivery, Told
from mediaops_ingest.delivery_log.reader import DayReader
from mediaops_ingest.delivery_log.writing_thread import WritingThread

__all__ = ["EmbeddedLog", "open_embedded_log"]

STOP_SECONDS = 8.0
IDLE_SECONDS = 1.0


async def open_embedded_log(
    folder: Path, clock: Clock, limits: Limits | None = None
) -> "EmbeddedLog":
    """Opens the log and continues after its newest delivery.

    Raises when the newest file cannot be written.
    """
    log = EmbeddedLog(folder, clock, limits or Limits())
    await log.start()
    return log


class EmbeddedLog:
    """See `DeliveryLog`. Belongs to the event loop in which it was made."""

    def __init__(self, folder: Path, clock: Clock, limits: Limits) -> None:
        self._files = DayFiles(folder)
        self._loop = asyncio.get_running_loop()
        self._writing = WritingThread(DayWriter(self._files, clock))
        self._appender = Appender(self._writing, self._settle)
        self._intake = Intake(self._appender.submit, limits)
        self._backlog = Backlog()
        self._newest = 0
        self._reader = DayReader(self._files)
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="delivery-log-read")
        self._news: asyncio.Future[None] | None = None
        self._tidying: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Opens the newest file, so that a log that cannot be written is known at once."""
        newest_by_day = await self._loop.run_in_executor(self._reading, self._newest_by_day)
        self._backlog.newest_by_day = newest_by_day
        self._newest = max(newest_by_day.values(), default=0)
        await self._writing.open()
        self._appender.start()
        self._tidying = asyncio.create_task(self._keep_tidy())
        self._intake.is_open = True

    def _newest_by_day(self) -> dict[int, int]:
        return {day: self._files.newest_in(day) for day in self._files.days()}

    @property
    def newest_seq(self) -> int:
        return self._newest

    @property
    def backlog(self) -> int:
        return self._backlog.count(self._newest)

    @property
    def trouble(self) -> str | None:
        return self._appender.trouble

    def append(self, deliveries: Sequence[NewDelivery]) -> "asyncio.Future[list[int]]":
        return self._intake.append(deliveries)

    def submit(self, deliveries: Sequence[NewDelivery], told: Told) -> None:
        self._intake.submit(deliveries, told)

    async def read(self, after: int, limit: int, max_bytes: int = 8 << 20) -> list[LoggedDelivery]:
        if self._newest <= after or limit < 1:
            return []
        return await self._loop.run_in_executor(
            self._reading, self._reader.read, after, limit, max_bytes, self._newest
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
        while self._newest <= seq:
            left = deadline - monotonic()
            if left <= 0:
                return False
            if self._news is None:
                self._news = self._loop.create_future()
            await asyncio.wait([self._news], timeout=left)
        return True

    async def look(self) -> None:
        """There is one process: what was appended is known."""

    def note_read(self, through: int) -> None:
        self._backlog.note_read(through)

    async def drop_before(self, moment: datetime) -> int:
        if self._backlog.read_through is None:
            return 0
        dropped = await self._loop.run_in_executor(
            self._reading, self._reader.drop_before, utc_day(moment), self._backlog.read_through
        )
        for day in self._backlog.newest_by_day.keys() - set(self._files.days()):
            del self._backlog.newest_by_day[day]
        return dropped

    async def close(self) -> None:
        if not self._intake.is_open:
            return
        self._intake.is_open = False
        await self._appender.stop(STOP_SECONDS)
        if self._tidying is not None:
            self._tidying.cancel()
        # Readers go first: the connection that goes last tidies the file, and that is the writer's.
        await self._loop.run_in_executor(self._reading, self._reader.close)
        self._reading.shutdown(wait=False)
        await self._writing.close()

    def _settle(self, group: list[Waiting], first: int, error: Exception | None) -> int:
        following = self._intake.settle(group, first, error)
        if error is None and following - 1 > self._newest:
            self._newest = following - 1
            self._backlog.note_newest(self._newest)
            if self._news is not None:
                self._news.set_result(None)
                self._news = None
        return following

    async def _keep_tidy(self) -> None:
        """While nobody waits: empties the WAL, and sees whether trouble is over."""
        seen = 0
        while True:
            await asyncio.sleep(IDLE_SECONDS)
            if self._newest == seen:
                self._appender.trouble = await self._writing.tidy()
            seen = self._newest
