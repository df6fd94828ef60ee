"""The book of what was acknowledged, item by item, with the outcome that each must have."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from mediaops_simulator.company.acts import BROKEN, Act
from mediaops_simulator.company.counters import Level
from mediaops_simulator.plan.sendings import Sending

__all__ = ["NOBODY", "Book", "Line"]

NOBODY = "no account"


@dataclass(frozen=True, slots=True)
class Line:
    """An item that counts: the first of its key that could be read."""

    act: Act
    via: str
    received_at: datetime


@dataclass(slots=True)
class Book:
    """Feed it every request with its answer, in the order in which the server had them."""

    zone: ZoneInfo
    lines: list[Line] = field(default_factory=list)
    outcomes: Counter[tuple[str, str, date, str]] = field(default_factory=Counter)
    """(account, via, day received, outcome) → items."""
    levels: dict[tuple[str, str | None, str, int], Level] = field(default_factory=dict)
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

    def level(self, level: Level) -> None:
        """A platform's counter was told; told again, the new value stands."""
        self.levels[level.account, level.content, level.metric, level.at] = level

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
