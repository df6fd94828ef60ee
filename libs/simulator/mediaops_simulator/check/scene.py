"""What every check needs: the system, the truth, and the days that are compared."""

from dataclasses import dataclass
from datetime import date, datetime

from mediaops_simulator.check.tally import Tally
from mediaops_simulator.system.api import Api
from mediaops_simulator.system.company import Workplace
from mediaops_simulator.truth.book import Book
from mediaops_simulator.truth.corrections import final_at
from mediaops_simulator.truth.reading import Reading

__all__ = ["Scene"]

_UNSURE_SECONDS = 1_200


@dataclass(slots=True)
class Scene:
    api: Api
    workplace: Workplace
    book: Book
    reading: Reading
    first: date
    last: date
    """The days compared, both included; `last` is today in the workspace's zone."""
    now: datetime
    tally: Tally

    def grade(self, day: date) -> str | None:
        """`final` once the day and its allowance for late news are over, when everything that was
        sent has been applied; None too close to that moment to be sure."""
        left = (final_at(self.book, day) - self.now).total_seconds()
        if abs(left) < _UNSURE_SECONDS:
            return None
        return "provisional" if left > 0 else "final"

    @property
    def is_exact(self) -> bool:
        """Whether the truth knows what was received when, request by request."""
        return not self.book.unsure and not self.book.crossed_midnight

    def channel(self, account: str) -> str:
        """The id of an account's channel."""
        return self.workplace.connections[account].channel_id
