"""What the platforms' own counters come to, day by day."""

from collections import Counter, defaultdict
from datetime import date

from mediaops_simulator.truth.audience import days_between
from mediaops_simulator.truth.book import Book
from mediaops_simulator.truth.measures import Cell

__all__ = ["followers_reported", "views_reported"]

Readings = dict[date, int]
"""The last reading of each day on which there was one."""


def followers_reported(book: Book, first: date, last: date, by: str | None) -> Counter[Cell]:
    """The level at the end of each day: of every channel the newest reading up to then."""
    cells: Counter[Cell] = Counter()
    for (account, _), readings in _last_readings(book, "followers").items():
        level = 0
        for day in days_between(min([first, *readings]), last):
            level = readings.get(day, level)
            if day >= first and level:
                cells[Cell(str(day), account if by == "channel" else "")] += level
    return cells


def views_reported(book: Book, by: str | None) -> Counter[Cell]:
    """By how much the counters of all contents rose: each began at 0."""
    cells: Counter[Cell] = Counter()
    for (account, content), readings in _last_readings(book, "views").items():
        group = {"channel": account, "content": content}.get(by or "", "") or ""
        before = 0
        for day, value in sorted(readings.items()):
            if value != before:
                cells[Cell(str(day), group)] += value - before
            before = value
    return cells


def _last_readings(book: Book, metric: str) -> dict[tuple[str, str | None], Readings]:
    found: dict[tuple[str, str | None], Readings] = defaultdict(dict)
    for level in sorted(book.levels.values(), key=lambda level: level.at):
        if level.metric == metric:
            found[level.account, level.content][book.day_of(level.at)] = level.value
    return found
