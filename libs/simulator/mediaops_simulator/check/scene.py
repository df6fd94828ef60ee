"""What every check needs: the system, the truth, and the days that are compared."""

from dataclasses import dataclass
from datetime import date

from mediaops_simulator.check.tally import Tally
from mediaops_simulator.system.api import Api
from mediaops_simulator.system.company import Workplace
from mediaops_simulator.truth.book import Book
from mediaops_simulator.truth.reading import Reading

__all__ = ["Scene"]


@dataclass(slots=True)
class Scene:
    api: Api
    workplace: Workplace
    book: Book
    reading: Reading
    first: date
    last: date
    """The days compared, both included; `last` is today in the workspace's zone."""
    tally: Tally

    def channel(self, account: str) -> str:
        """The id of an account's channel."""
        return self.workplace.connections[account].channel_id
