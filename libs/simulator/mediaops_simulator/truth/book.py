"""The book of what was acknowledged, item by item, with the outcome that each must have."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from mediaops_simulator.company.acts import BROKEN, Act
from mediaops_simulator.company.counters import Level
from mediaops_simulator.plan.sendings import Sending

__all__ = ["NOBODY", "Book", "Line", "Taking"]

NOBODY = "no account"


@dataclass(frozen=True, slots=True)
class Line:
    """An item that counts: the first of its key that could be read."""

    act: Act
    via: str
    received_at: datetime


class Taking(NamedTuple):
    """The shop told what an order came to."""

    is_misplaced: bool
    """The mistaken mapping takes it for what the order before it in the request came to."""
    received_at: datetime


@dataclass(slots=True)
class Book:
    """Feed it every request with its answer, in the order in which the server had them."""

    zone: ZoneInfo
    lines: list[Line] = field(default_factory=list)
    outcomes: Counter[tuple[str, str, date, str]] = field(default_factory=Counter)
    """(account, via, day received, outcome) → items."""
    reports: dict[object, Level] = field(default_factory=dict)
    """By the key under which each was told: those that were told last come last."""
    takings: list[Taking] = field(default_factory=list)
    refused: int = 0
    """Requests that were answered 4xx: not counted anywhere."""
    unsure: int = 0
    """Items that were sent again although they may have been kept: no answer came, or a 5xx.
    Each of them may be counted once more, as a duplicate or as the failure it was."""
    crossed_midnight: bool = False
    """Then the day received is not known of every request."""
    deliveries: Counter[tuple[str, str, date]] = field(default_factory=Counter)
    _seen: dict[tuple[str, str], Sending] = field(default_factory=dict)

    def acknowledged(self, sending: Sending, received_at: datetime) -> None:
        """The server has said 2xx to this request."""
        day = received_at.astimezone(self.zone).date()
        outcome = self._outcome(sending)
        # A request of which nothing was accepted belongs to no channel.
        account = NOBODY if outcome == "rejected" else sending.account
        self.deliveries[account, sending.via, day] += 1
        self.outcomes[account, sending.via, day, outcome] += 1
        if outcome == "normalised":
            self.lines += [Line(act, sending.via, received_at) for act in sending.acts]
            if sending.via == "hook":
                self._take(sending, received_at)

    def _take(self, sending: Sending, received_at: datetime) -> None:
        orders = [act for act in sending.acts if act.amount is not None and act.account == "shop"]
        for number, order in enumerate(orders):
            self.takings.append(Taking(number > 0, received_at))
            at, amount = sending.acts[-1].at, order.amount or 0
            self.level(Level(order.account, "views", amount, "cumulative", at, order.detail))

    def level(self, level: Level, key: str | None = None) -> None:
        """A platform's counter was told. Told again under its key, which is else what it speaks of,
        it says this and no more what it said."""
        known = key or level.place
        self.reports.pop(known, None)
        self.reports[known] = level

    @property
    def levels(self) -> list[Level]:
        """What stands: where several speak of the same, the one that was told last."""
        return list({level.place: level for level in self.reports.values()}.values())

    def snapshots(self, account: str, received_at: datetime, outcomes: Counter[str]) -> None:
        """Snapshots were taken over the API; `outcomes` says what became of them."""
        day = received_at.astimezone(self.zone).date()
        self.deliveries[account, "api", day] += 1
        for outcome, count in outcomes.items():
            self.outcomes[account, "api", day, outcome] += count

    def watch_midnight(self, begun: datetime, ended: datetime) -> None:
        """Notes when a request may have been received on either of two days."""
        if begun.astimezone(self.zone).date() != ended.astimezone(self.zone).date():
            self.crossed_midnight = True

    def _outcome(self, sending: Sending) -> str:
        if any(act.type == BROKEN for act in sending.acts):
            # Such an item leaves no key behind: when it comes again it fails again.
            return "rejected" if sending.via == "api" else "failed"
        first = self._seen.get((sending.account, sending.key))
        if first is None:
            self._seen[sending.account, sending.key] = sending
            return "normalised"
        # What two ways say of one act is not compared: they say it in different forms.
        same = first.acts == sending.acts or first.via != sending.via
        return "duplicates" if same else "conflicts"

    @property
    def first_day(self) -> date:
        """The local day of the earliest act that counts."""
        return self.day_of(min(line.act.at for line in self.lines))

    def day_of(self, at: int) -> date:
        """The local day of a moment."""
        return _day_of(at, self.zone)


@lru_cache(maxsize=1_000_000)
def _day_of(at: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone(zone).date()
