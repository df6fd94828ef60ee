"""The reading side of the day files: one thread, read-only connections, short statements."""

import sqlite3
from datetime import datetime
from uuid import UUID

from mediaops_ingest.delivery_log.days import DayFiles, day_in, utc_day
from mediaops_ingest.delivery_log.port import LoggedDelivery
from mediaops_ingest.delivery_log.rows import COLUMNS, HEAD_COLUMNS, from_head, from_row

__all__ = ["DayReader"]

OPEN_FILES = 3


class DayReader:
    """Used from one thread only. Each call is one short read, so that checkpoints get through."""

    def __init__(self, files: DayFiles) -> None:
        self._files = files
        self._open: dict[int, sqlite3.Connection] = {}

    def read(self, after: int, limit: int, max_bytes: int, newest: int) -> list[LoggedDelivery]:
        """The deliveries above `after` and up to `newest`.

        `newest` must have been committed before the call: below it no file gets another row, so
        that going on to the next file leaves nothing behind.
        """
        found: list[LoggedDelivery] = []
        size = 0
        for day in self._files.days():
            if day < day_in(after) or day > day_in(newest):
                continue
            cursor = self._connection(day).execute(
                f"SELECT {COLUMNS} FROM delivery WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
                (after, newest, limit - len(found)),
            )
            for row in cursor:
                delivery = from_row(row)
                found.append(delivery)
                size += len(delivery.body)
                if size >= max_bytes:
                    cursor.close()
                    return found
            if len(found) == limit:
                break
        return found

    def read_back(self, before: int, after: int, limit: int) -> list[LoggedDelivery]:
        """The newest deliveries in between, newest first, without their bodies."""
        found: list[LoggedDelivery] = []
        for day in reversed(self._files.days()):
            if day < day_in(after) or day > day_in(before) or len(found) == limit:
                continue
            cursor = self._connection(day).execute(
                f"SELECT {HEAD_COLUMNS} FROM delivery WHERE seq < ? AND seq > ?"
                " ORDER BY seq DESC LIMIT ?",
                (before, after, limit - len(found)),
            )
            found += [from_head(row) for row in cursor]
        return found

    def get(self, seq: int) -> LoggedDelivery | None:
        return self._one(day_in(seq), "seq = ?", seq)

    def find(self, delivery_id: UUID, hint: datetime | None) -> LoggedDelivery | None:
        days = self._files.days()[::-1]
        if hint is not None:
            likely = utc_day(hint)
            days.sort(key=lambda day: abs(day - likely))
        for day in days:
            found = self._one(day, "id = ?", delivery_id.bytes)
            if found is not None:
                return found
        return None

    def drop_before(self, day: int, read_through: int) -> int:
        """Unlinks the wholly read files of earlier days; the newest file always stays."""
        dropped = 0
        for old in self._files.days()[:-1]:
            if old >= day or self._files.newest_in(old) > read_through:
                continue
            connection = self._open.pop(old, None)
            if connection is not None:
                connection.close()
            self._files.unlink(old)
            dropped += 1
        return dropped

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def _one(self, day: int, where: str, value: int | bytes) -> LoggedDelivery | None:
        if not self._files.path(day).exists():
            return None
        row = (
            self._connection(day)
            .execute(f"SELECT {COLUMNS} FROM delivery WHERE {where}", (value,))
            .fetchone()
        )
        return None if row is None else from_row(row)

    def _connection(self, day: int) -> sqlite3.Connection:
        connection = self._open.pop(day, None)
        if connection is None:
            while len(self._open) >= OPEN_FILES:
                self._open.pop(next(iter(self._open))).close()
            connection = self._files.open_reader(day)
        self._open[day] = connection  # the last place: it was used last
        return connection
