"""How often each day's numbers changed after they were final."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from mediaops_simulator.company.cast import SHOP
from mediaops_simulator.truth.book import Book, Line
from mediaops_simulator.truth.measures import MEASURES
from mediaops_simulator.truth.reading import as_it_was, as_misread

__all__ = ["Misread", "corrections", "final_at"]

LATENESS = timedelta(hours=24)
"""How late the news of all three platforms may come."""

Misread = tuple[datetime, datetime]
"""From when to when the shop's events were read wrongly; the end is when they were put right."""


def final_at(book: Book, day: date) -> datetime:
    """When nothing of that day is expected any more."""
    after = datetime.combine(day + timedelta(days=1), time(), tzinfo=book.zone)
    return after.astimezone(UTC) + LATENESS


def corrections(book: Book, metric: str, misread: Misread | None) -> Counter[date]:
    """What became known of each day after it was final: what came, and what was taken back."""
    found: Counter[date] = Counter()
    for line in book.lines:
        day = book.day_of(line.act.at)
        for type_, known_at in _changes(line, misread):
            if MEASURES[metric](line.act, type_) and known_at > final_at(book, day):
                found[day] += 1
    return found


def _changes(line: Line, misread: Misread | None) -> Iterator[tuple[str, datetime]]:
    """The types that an act was counted as, or taken back as, and when that became known."""
    right, wrong = as_it_was(line.act), as_misread(line.act)
    was_misread = (
        misread is not None
        and line.act.account == SHOP.key
        and misread[0] <= line.received_at < misread[1]
        and right != wrong
    )
    if misread is None or not was_misread:
        if right is not None:
            yield right, line.received_at
        return
    if wrong is not None:
        yield wrong, line.received_at
        yield wrong, misread[1]
    if right is not None:
        yield right, misread[1]
