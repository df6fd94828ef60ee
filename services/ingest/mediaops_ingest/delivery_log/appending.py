"""The one task that writes the log on PostgreSQL: whoever waits shares the next statement."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from mediaops_common.clock import Clock, monotonic
from mediaops_common.postgresql import connect
from sqlalchemy import URL

from mediaops_ingest.delivery_log.days import first_seq, utc_day
from mediaops_ingest.delivery_log.intake import Waiting, gather
from mediaops_ingest.delivery_log.partitions import LOCK, SCHEMA
from mediaops_ingest.delivery_log.port import LogUnavailable
from mediaops_ingest.delivery_log.rows import Row, to_row

__all__ = ["AppendWriter"]

log = structlog.get_logger(__name__)

THREAD_BYTES = 256 << 10
"""From here on rows are packed beside the event loop: that takes a millisecond then, which is as
long as a thread may take to get its turn. A quarter of it cost a quarter of the requests."""
COMMIT_SECONDS = 5.0
RETRY_SECONDS = 0.5
"""After trouble, how long requests are refused before the server is asked again."""

APPEND = f"SELECT {SCHEMA}.append({LOCK}, $1, $2, $3, $4)"
"""A transaction of its own: takes the turn, numbers the rows behind the newest, makes their day
where it is missing, and tells the first seq. Each way to the server and back is time in which a
group waits, for the server and for its turn among the requests of this process."""


class AppendWriter:
    """Takes what waits, commits it as one transaction, tells everyone, and begins again.

    There is no linger: the next group gathers while the server works on this one.
    """

    def __init__(
        self,
        url: URL,
        clock: Clock,
        settle: Callable[[list[Waiting], int, Exception | None], int],
    ) -> None:
        self._url = url
        self._clock = clock
        self._tell = settle
        self._queue: deque[Waiting | None] = deque()
        self._bell = asyncio.Event()
        self._connection: Any = None
        self._refuse_until = 0.0
        self._task: asyncio.Task[None] | None = None
        self.trouble: str | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    def submit(self, waiting: Waiting | None) -> None:
        self._queue.append(waiting)
        self._bell.set()

    async def stop(self, timeout: float) -> None:
        """Writes what was submitted before and closes the connection."""
        self.submit(None)
        if self._task is not None:
            await asyncio.wait([self._task], timeout=timeout)
            self._task.cancel()

    async def _run(self) -> None:
        try:
            while True:
                group, is_last = gather(self._queue)
                if group:
                    await self._write(group)
                if is_last:
                    return
                if not self._queue:
                    self._bell.clear()
                    await self._bell.wait()
        finally:
            self._disconnect()

    async def _write(self, group: list[Waiting]) -> None:
        if sum(waiting.size for waiting in group) > THREAD_BYTES:
            packed = await asyncio.to_thread(_packed, group)
        else:
            packed = _packed(group)
        storable: list[Waiting] = []
        rows: list[Row] = []
        for waiting, given in zip(group, packed, strict=True):
            if isinstance(given, Exception):  # only the request that brought it shall fail
                self._settle([waiting], 0, given)
            else:
                storable.append(waiting)
                rows += given
        if not rows:
            return
        try:
            if monotonic() < self._refuse_until:
                raise LogUnavailable("the delivery log had trouble a moment ago")
            async with asyncio.timeout(COMMIT_SECONDS):
                first = await self._commit(rows)
        except Exception as error:
            self._recover(error)
            self._settle(storable, 0, error)
            return
        self.trouble = None
        self._settle(storable, first, None)

    def _settle(self, group: list[Waiting], first: int, error: Exception | None) -> None:
        """Tells half of the senders before the next group is on its way, and half after: who is
        told sends again, so that neither the server nor this process waits for the other."""
        half = (len(group) + 1) // 2
        following = self._tell(group[:half], first, error)
        asyncio.get_running_loop().call_soon(self._tell, group[half:], following, error)

    async def _commit(self, rows: Sequence[Row]) -> int:
        """The seq of the first row. All are there or none: after an error the connection is given
        up, and with it what it had begun."""
        connection = await self._connected()
        _, ids, heads, bodies = zip(*rows, strict=True)
        # A clock that steps back never leads back to an earlier day: readers have left it.
        lowest = first_seq(utc_day(self._clock.now()))
        first: int = await connection.fetchval(APPEND, lowest, ids, heads, bodies)
        return first

    async def _connected(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._url)
        return self._connection

    def _recover(self, error: Exception) -> None:
        """After an error nothing is certain of the connection: the next group gets a new one."""
        if isinstance(error, LogUnavailable):
            return
        log.warning("delivery_log_trouble", error=type(error).__name__)
        self._refuse_until = monotonic() + RETRY_SECONDS
        self.trouble = f"the database does not take deliveries: {type(error).__name__}"
        self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


def _packed(group: list[Waiting]) -> list[list[Row] | Exception]:
    """The rows of each request without their seqs, or why it cannot be stored."""
    packed: list[list[Row] | Exception] = []
    for waiting in group:
        try:
            packed.append([to_row(0, delivery) for delivery in waiting.deliveries])
        except Exception as error:
            packed.append(error)
    return packed
