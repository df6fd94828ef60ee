"""Commits rows of the log on PostgreSQL: one statement, on a connection of its own."""

from collections.abc import Sequence
from typing import Any

from mediaops_common.clock import Clock
from mediaops_common.postgresql import connect
from sqlalchemy import URL

from mediaops_ingest.delivery_log.days import first_seq, utc_day
from mediaops_ingest.delivery_log.partitions import LOCK, SCHEMA
from mediaops_ingest.delivery_log.rows import Row

__all__ = ["AppendStatement"]

COMMIT_SECONDS = 5.0

APPEND = f"SELECT {SCHEMA}.append({LOCK}, $1, $2::text::integer[], $3)"
"""A transaction of its own: takes the turn, numbers the rows behind the newest, makes their day
where it is missing, and tells the first seq. Each way to the server and back is time in which a
group waits, for the server and for its turn among the requests of this process."""


class AppendStatement:
    """See `Rows`."""

    def __init__(self, url: URL, clock: Clock) -> None:
        self._url = url
        self._clock = clock
        self._connection: Any = None
        self._statement: Any = None

    async def commit(self, rows: Sequence[Row]) -> int:
        ends, packed = _in_one_piece(rows)
        if self._connection is None or self._connection.is_closed():
            await self._connect()
        # A clock that steps back never leads back to an earlier day: readers have left it.
        lowest = first_seq(utc_day(self._clock.now()))
        first: int = await self._statement.fetchval(lowest, ends, packed, timeout=COMMIT_SECONDS)
        return first

    async def give_up(self, error: Exception) -> str:
        self.close()
        return f"the database does not take deliveries: {type(error).__name__}"

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _connect(self) -> None:
        self._connection = await connect(self._url)
        self._statement = await self._connection.prepare(APPEND, timeout=COMMIT_SECONDS)


def _in_one_piece(rows: Sequence[Row]) -> tuple[str, bytes]:
    """All bytes of a group, and where each row's head and body end, as PostgreSQL writes an array.
    Of an array's elements the driver asks one by one whether they are arrays too."""
    ends: list[str] = []
    end = 0
    for id_, head, body in rows:
        end += len(id_) + len(head)
        ends.append(str(end))
        end += len(body)
        ends.append(str(end))
    return "{" + ",".join(ends) + "}", b"".join([part for row in rows for part in row])
