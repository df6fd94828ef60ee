"""Who was active on which day, and every number that follows from it."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from mediaops_simulator.company.acts import Act
from mediaops_simulator.truth.book import Book
from mediaops_simulator.truth.reading import ACTIVE, Reading

__all__ = ["Audience", "actor_of", "audience_of", "days_between"]

# Ids of WeChat belong to one account; those of Douyin and of the shop are the same everywhere.
_ONE_ACCOUNT_ONLY = {"service", "notes"}
_PLATFORM = {"kitchen": "douyin", "fields": "douyin", "ahe": "douyin", "shop": "site"}


def actor_of(act: Act) -> str | None:
    """Who did it, as one person on one platform; None for nobody and for the account itself."""
    if act.person is None or act.by_account:
        return None
    if act.account in _ONE_ACCOUNT_ONLY:
        return f"{act.account}:{act.person}"
    return f"{_PLATFORM[act.account]}:{act.person}"


def days_between(first: date, last: date) -> list[date]:
    """Every day from the first to the last, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@dataclass(slots=True)
class Audience:
    """The active people of one account, or of all."""

    active: dict[date, set[str]] = field(default_factory=lambda: defaultdict(set))

    def within(self, first: date, last: date) -> set[str]:
        """Everybody active on some day of the range."""
        found: set[str] = set()
        for day in days_between(first, last):
            found |= self.active.get(day, set())
        return found

    def first_days(self) -> dict[str, date]:
        """Person → the first day of their being active."""
        first: dict[str, date] = {}
        for day in sorted(self.active):
            for person in self.active[day]:
                first.setdefault(person, day)
        return first

    def stickiness(self, day: date) -> dict[str, int]:
        """DAU, WAU (7 days) and MAU (28 days) up to that day."""
        return {
            "dau": len(self.active.get(day, set())),
            "wau": len(self.within(day - timedelta(days=6), day)),
            "mau": len(self.within(day - timedelta(days=27), day)),
        }

    def histogram(self, day: date, window: int) -> dict[int, int]:
        """Number of active days in the window → number of people."""
        days: Counter[str] = Counter()
        for each in days_between(day - timedelta(days=window - 1), day):
            days.update(self.active.get(each, set()))
        return dict(Counter(days.values()))

    def growth(self, start: date, end: date, before: date) -> dict[str, int]:
        """The period [start, end] against the one from `before` to the day before `start`."""
        now = self.within(start, end)
        last = self.within(before, start - timedelta(days=1))
        ever = {person for day, active in self.active.items() if day < start for person in active}
        return {
            "new": len(now - ever),
            "retained": len(now & last),
            "resurrected": len((now & ever) - last),
            "churned": len(last - now),
        }


def audience_of(book: Book, reading: Reading, accounts: Iterable[str] | None = None) -> Audience:
    """The audience as the acts of the book make it, of some accounts or of all."""
    audience = Audience()
    chosen = None if accounts is None else set(accounts)
    for line in book.lines:
        if chosen is not None and line.act.account not in chosen:
            continue
        actor = actor_of(line.act)
        if actor is not None and reading(line.act) in ACTIVE:
            audience.active[book.day_of(line.act.at)].add(actor)
    return audience
