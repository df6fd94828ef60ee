"""A SQLite file per UTC day: its name, how it is opened, and what a seq says of it."""

import os
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

from mediaops_common.failpoints import hit
from mediaops_common.zones import number_day, number_of

from mediaops_ingest.delivery_log.rows import SCHEMA

__all__ = ["DayFiles", "day_in", "first_seq", "place_in", "utc_day"]

PLACES = 36
"""Bits of a seq below its day: 68 thousand million deliveries a day."""


def first_seq(day: int) -> int:
    """The seq below the first delivery of a day."""
    return day << PLACES


def day_in(seq: int) -> int:
    return seq >> PLACES


def place_in(seq: int) -> int:
    """How many deliveries of its day a seq counts, itself included."""
    return seq & ((1 << PLACES) - 1)


def utc_day(moment: datetime) -> int:
    return number_of(moment.astimezone(UTC).date())


class DayFiles:
    """The files of a log in one folder. A day is its number since 1970-01-01."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, day: int) -> Path:
        return self.folder / f"deliveries-{number_day(day).isoformat()}.db"

    def days(self) -> list[int]:
        """The days that have a file, oldest first."""
        names = (path.stem[-10:] for path in self.folder.glob("deliveries-????-??-??.db"))
        return sorted(number_of(date.fromisoformat(name)) for name in names)

    def open_writer(self, day: int) -> sqlite3.Connection:
        """The one connection that writes and checkpoints a file, which is made when missing.

        SQLite before 3.51.3 may lose commits when one connection checkpoints while another
        commits; so nothing else writes, and nothing else checkpoints.
        """
        path = self.path(day)
        if not path.exists():
            self._make(path)
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        try:
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA wal_autocheckpoint=0")
            connection.execute("PRAGMA journal_size_limit=67108864")
            connection.execute("PRAGMA busy_timeout=200")
            # What an earlier process left in the WAL moves to the file now. After a failed fsync
            # the kernel forgets which pages were not written; no later commit may build on them.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except BaseException:
            connection.close()
            raise
        return connection

    def _make(self, path: Path) -> None:
        """A file appears under its name only when it is whole, so that no reader meets half."""
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(draft, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(SCHEMA)
        finally:
            connection.close()
        draft.rename(path)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def open_reader(self, day: int) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{self.path(day)}?mode=ro", uri=True, isolation_level=None
        )
        connection.execute("PRAGMA busy_timeout=10000")
        return connection

    def newest_in(self, day: int) -> int:
        """The highest seq in a day's file, 0 when it is empty."""
        connection = self.open_reader(day)
        try:
            (newest,) = connection.execute("SELECT max(seq) FROM delivery").fetchone()
        finally:
            connection.close()
        return newest or 0

    def unlink(self, day: int) -> None:
        # The file itself goes last: while it is there, the day is known and removed again.
        for suffix in ("-shm", "-wal", ""):
            hit("delivery_log.retention")
            self.path(day).with_name(self.path(day).name + suffix).unlink(missing_ok=True)
