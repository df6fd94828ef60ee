"""What the platforms' own counters come to, period by period, and what was received."""

from collections import Counter, defaultdict
from datetime import date, timedelta

from mediaops_simulator.truth.book import NOBODY, Book
from mediaops_simulator.truth.measures import Cell, along_accounts
from mediaops_simulator.truth.periods import next_period, start_of_day, starts_between

__all__ = ["deliveries", "duplicates", "followers_reported", "views_reported"]

Readings = dict[date, int]
"""The last reading of each day on which there was one."""


def followers_reported(
    book: Book, first: date, last: date, granularity: str, dimension: str | None
) -> Counter[Cell]:
    """The level at the end of each period: of every channel the newest reading up to then."""
    cells: Counter[Cell] = Counter()
    for (account, _), readings in _last_readings(book, "followers").items():
        group = along_accounts(dimension, account)
        for start in starts_between(first, last, granularity):
            end = next_period(start, granularity) - timedelta(days=1)
            known = [day for day in readings if day <= end]
            if known:
                cells[Cell(str(start), group)] += readings[max(known)]
    return cells


def views_reported(book: Book, granularity: str, dimension: str | None) -> Counter[Cell]:
    """By how much the counters of all contents rose: each began at 0."""
    cells: Counter[Cell] = Counter()
    for (account, content), readings in _last_readings(book, "views").items():
        group = content if dimension == "content" else along_accounts(dimension, account)
        before = 0
        for day, value in sorted(readings.items()):
            if value != before:
                start = start_of_day(day, granularity)
                cells[Cell(str(start), group or "")] += value - before
            before = value
    return cells


def deliveries(book: Book, granularity: str, dimension: str | None) -> Counter[Cell]:
    """Requests that were acknowledged, by period received."""
    cells: Counter[Cell] = Counter()
    for (account, _, day), count in book.deliveries.items():
        cells[_received(account, day, granularity, dimension)] += count
    return cells


def duplicates(book: Book, granularity: str, dimension: str | None) -> Counter[Cell]:
    """Items that had come before, by period received."""
    cells: Counter[Cell] = Counter()
    for (account, _, day, outcome), count in book.outcomes.items():
        if outcome == "duplicates":
            cells[_received(account, day, granularity, dimension)] += count
    return cells


def _received(account: str, day: date, granularity: str, dimension: str | None) -> Cell:
    group = "" if account == NOBODY else along_accounts(dimension, account)
    return Cell(str(start_of_day(day, granularity)), group)


def _last_readings(book: Book, metric: str) -> dict[tuple[str, str | None], Readings]:
    found: dict[tuple[str, str | None], Readings] = defaultdict(dict)
    for level in sorted(book.levels, key=lambda level: level.at):
        if level.metric == metric:
            found[level.account, level.content][book.day_of(level.at)] = level.value
    return found
