"""The delivery log in a partitioned table of PostgreSQL, shared by all replicas."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from mediaops_common.clock import Clock, monotonic
from mediaops_common.failpoints import hit
from mediaops_common.postgresql import open_engines, without_transactions
from sqlalchemy import URL

from mediaops_ingest.delivery_log import partitions
from mediaops_ingest.delivery_log.appending import Appender
from mediaops_ingest.delivery_log.backlog import Backlog
from mediaops_ingest.delivery_log.days import day_in, first_seq, utc_day
from mediaops_ingest.delivery_log.intake import Intake, Limits, Waiting
from mediaops_ingest.delivery_log.partitions import PARENT, SCHEMA
from mediaops_ingest.delivery_log.port import LoggedDelivery, NewDelivery, Told
from mediaops_ingest.delivery_log.rows import COLUMNS, HEAD_COLUMNS, from_head, from_row
from mediaops_ingest.delivery_log.statement import AppendStatement

__all__ = ["PostgresLog", "open_postgres_log"]

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.1
"""How soon a reader sees what another replica's door committed."""
EXCHANGE_SECONDS = 1.0
STOP_SECONDS = 8.0

NEWEST = f"SELECT seq FROM {PARENT} ORDER BY seq DESC LIMIT 1"

# Bodies are summed up before they are read, so that a read of many large ones stays small.
READ = f"""
SELECT {COLUMNS} FROM {PARENT} WHERE seq > $1 AND seq <= (
    SELECT max(seq) FROM (
        SELECT seq, sum(octet_length(body)) OVER (ORDER BY seq) - octet_length(body) AS before
        FROM (SELECT seq, body FROM {PARENT} WHERE seq > $1 ORDER BY seq LIMIT $2) AS following
    ) AS summed WHERE before < $3
) ORDER BY seq
"""


async def open_postgres_log(url: URL, clock: Clock, limits: Limits | None = None) -> "PostgresLog":
    """Opens the log, whose tables the migrations made, and continues after its newest delivery.
    Raises when the server cannot be reached."""
    opened = PostgresLog(url, clock, limits or Limits())
    try:
        await opened.start()
    except BaseException:
        await opened.close()
        raise
    return opened


class PostgresLog:
    """See `DeliveryLog`. Belongs to the event loop in which it was made."""

    def __init__(self, url: URL, clock: Clock, limits: Limits) -> None:
        self._writing, self._reading = open_engines(url)
        self._glancing = without_transactions(self._reading)
        self._statement = AppendStatement(url, clock)
        self._appender = Appender(self._statement, self._settle)
        self._intake = Intake(self._appender.submit, limits)
        self._backlog = Backlog()
        self._newest = 0
        self._news = asyncio.Event()
        self._exchanging: asyncio.Task[None] | None = None
        self._trouble: str | None = None

    async def start(self) -> None:
        await self._exchange()
        self._appender.start()
        self._exchanging = asyncio.create_task(self._keep_exchanging())
        self._intake.is_open = True

    @property
    def newest_seq(self) -> int:
        return self._newest

    @property
    def backlog(self) -> int:
        return self._backlog.count(self._newest)

    @property
    def trouble(self) -> str | None:
        return self._trouble or self._appender.trouble

    def append(self, deliveries: Sequence[NewDelivery]) -> "asyncio.Future[list[int]]":
        return self._intake.append(deliveries)

    def submit(self, deliveries: Sequence[NewDelivery], told: Told) -> None:
        self._intake.submit(deliveries, told)

    async def read(self, after: int, limit: int, max_bytes: int = 8 << 20) -> list[LoggedDelivery]:
        if limit < 1:
            return []
        rows = await self._rows(READ, (after, limit, max_bytes))
        found = await asyncio.to_thread(_read, rows, max_bytes)
        if found:
            self._note_newest(found[-1].seq)
        return found

    async def read_back(self, before: int, after: int, limit: int) -> list[LoggedDelivery]:
        query = f"SELECT {HEAD_COLUMNS} FROM {PARENT} WHERE seq < $1 AND seq > $2"
        newest_first = f"{query} ORDER BY seq DESC LIMIT $3"
        rows = await self._rows(newest_first, (before, after, limit))
        return [from_head(row) for row in rows]

    async def get(self, seq: int) -> LoggedDelivery | None:
        rows = await self._rows(f"SELECT {COLUMNS} FROM {PARENT} WHERE seq = $1", (seq,))
        return from_row(rows[0]) if rows else None

    async def find(self, delivery_id: UUID, hint: datetime | None = None) -> LoggedDelivery | None:
        rows: Sequence[Any] = ()
        by_id = f"SELECT {COLUMNS} FROM {PARENT} WHERE id = $1"
        if hint is not None:
            day = utc_day(hint)
            near = (first_seq(day - 1), first_seq(day + 2))
            rows = await self._rows(
                f"{by_id} AND seq > $2 AND seq < $3", (delivery_id.bytes, *near)
            )
        rows = rows or await self._rows(by_id, (delivery_id.bytes,))
        return from_row(rows[0]) if rows else None

    async def wait_newer(self, seq: int, timeout: float) -> bool:
        deadline = monotonic() + timeout
        while self._newest <= seq:
            left = deadline - monotonic()
            if left <= 0:
                return False
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), min(left, POLL_SECONDS))
            except TimeoutError:
                await self.look()
        return True

    def note_read(self, through: int) -> None:
        self._backlog.note_read(through)

    async def drop_before(self, moment: datetime) -> int:
        read = self._backlog.read_through
        if read is None:
            return 0
        async with self._reading.connect() as connection:
            old = [d for d in (await partitions.days(connection))[:-1] if d < utc_day(moment)]
            newest = {day: await _newest_in(connection, day) for day in old}
        dropped = [day for day in old if newest[day] <= read]
        for day in dropped:
            hit("delivery_log.retention")
            async with self._writing.begin() as connection:
                await partitions.drop(connection, day)
            self._backlog.newest_by_day.pop(day, None)
        return len(dropped)

    async def close(self) -> None:
        if self._intake.is_open:
            self._intake.is_open = False
            await self._appender.stop(STOP_SECONDS)
            self._statement.close()
        if self._exchanging is not None:
            self._exchanging.cancel()
            await asyncio.wait([self._exchanging])
        await self._reading.dispose()
        await self._writing.dispose()

    def _settle(self, group: list[Waiting], first: int, error: Exception | None) -> int:
        following = self._intake.settle(group, first, error)
        if error is None:
            self._note_newest(following - 1)
        return following

    def _note_newest(self, seq: int) -> None:
        if seq > self._newest:
            self._newest = seq
            self._backlog.note_newest(seq)
            self._news.set()

    async def _rows(self, statement: str, values: tuple[Any, ...]) -> Sequence[Any]:
        async with self._glancing.connect() as connection:
            return (await connection.exec_driver_sql(statement, values)).all()

    async def look(self) -> None:
        rows = await self._rows(NEWEST, ())
        if rows:
            self._note_newest(rows[0].seq)

    async def _keep_exchanging(self) -> None:
        while True:
            await asyncio.sleep(EXCHANGE_SECONDS)
            try:
                await self._exchange()
                self._trouble = None
                self._appender.trouble = None
            except Exception as error:
                if self._trouble is None:
                    log.warning("delivery_log_unreachable", error=type(error).__name__)
                self._trouble = f"the delivery log cannot be reached: {type(error).__name__}"

    async def _exchange(self) -> None:
        """Tells other replicas how far this one has read, and learns what they have done."""
        read = self._backlog.read_through
        if read is not None:
            async with self._writing.begin() as connection:
                await connection.exec_driver_sql(
                    f"INSERT INTO {SCHEMA}.reader (id, through) VALUES (1, $1) ON CONFLICT (id)"
                    " DO UPDATE SET through = excluded.through"
                    " WHERE reader.through < excluded.through",
                    (read,),
                )
        through = await self._rows(f"SELECT through FROM {SCHEMA}.reader", ())
        if through:
            self._backlog.note_read(through[0].through)
        await self.look()
        read = self._backlog.read_through
        if read is not None and day_in(read) != day_in(self._newest):
            async with self._reading.connect() as connection:
                for day in await partitions.days(connection):
                    if day >= day_in(read):
                        self._backlog.note_newest(await _newest_in(connection, day))


async def _newest_in(connection: Any, day: int) -> int:
    """The highest seq of a day; the one below its first when it is empty."""
    between = f"SELECT max(seq) FROM {PARENT} WHERE seq > $1 AND seq < $2"
    bounds = (first_seq(day), first_seq(day + 1))
    newest = (await connection.exec_driver_sql(between, bounds)).scalar_one()
    return newest or first_seq(day)


def _read(rows: Sequence[Any], max_bytes: int) -> list[LoggedDelivery]:
    """Unpacked, and no more once the bodies pass `max_bytes`."""
    found: list[LoggedDelivery] = []
    size = 0
    for row in rows:
        found.append(from_row(row))
        size += len(found[-1].body)
        if size >= max_bytes:
            break
    return found
