"""The thread in which the day files are written, as the event loop sees it."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from mediaops_ingest.delivery_log.day_writer import DayWriter
from mediaops_ingest.delivery_log.rows import Row

__all__ = ["WritingThread"]

CLOSE_SECONDS = 8.0

T = TypeVar("T")


class WritingThread:
    """See `Rows`. What a thread is busy with is waited for, and so the next group gathers."""

    def __init__(self, writer: DayWriter) -> None:
        self._writer = writer
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="delivery-log")

    async def open(self) -> None:
        await self._in_thread(self._writer.open)

    async def commit(self, rows: Sequence[Row]) -> int:
        first = await self._in_thread(lambda: self._writer.commit(rows))
        if self._writer.is_wal_large:
            # The senders get their answers now; only the next group waits for this.
            self._thread.submit(self._writer.checkpoint)
        return first

    async def give_up(self, error: Exception) -> str:
        await self._in_thread(self._writer.give_up)
        return str(error)

    async def tidy(self) -> str | None:
        """Returns what is wrong, or None."""
        if self._writer.is_tidy:
            return None
        try:
            await self._in_thread(self._writer.tidy)
        except (sqlite3.Error, OSError) as error:
            return str(error)
        return None

    async def close(self) -> None:
        """Does not wait for a disk that hangs."""
        closing = asyncio.ensure_future(self._in_thread(self._writer.close))
        await asyncio.wait([closing], timeout=CLOSE_SECONDS)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)
