"""What happens to the company over the days: the hit, the wave after it, the quiet channel."""

from dataclasses import dataclass

from mediaops_simulator.company.cast import Account
from mediaops_simulator.company.people import Person

__all__ = ["Story"]

_RUSH = (5.0, 13.0, 9.0, 5.0, 3.0, 2.0, 1.5)
"""How many times the ordinary number of people come on the days from a hit on."""

_WAVE_BEGINS, _WAVE_LASTS = 4, 10
"""Days after the hit on which those leave whom it brought."""


@dataclass(frozen=True, slots=True)
class Story:
    """Days are counted from 0; after `days` of history comes ordinary life."""

    days: int

    @property
    def hit(self) -> int:
        """The day on which the hit is posted."""
        return self.days // 2

    @property
    def mistaken(self) -> int:
        """The day on which somebody changes the shop's mapping for the worse."""
        return self.days * 2 // 3

    @property
    def mended(self) -> int:
        """The day on which it is noticed and put right."""
        return max(self.days * 5 // 6, 1)

    def rush(self, account: Account, day: int) -> float:
        """By how much more people come to this account than on an ordinary day."""
        if self.is_quiet(account, day):
            return 0.0
        since = day - self.hit
        if account.has_hit and 0 <= since < len(_RUSH):
            return _RUSH[since]
        return 1.0

    def is_rush(self, account: Account, day: int) -> bool:
        """Whether it is the hit that people come for."""
        return self.rush(account, day) > 1.0

    def is_quiet(self, account: Account, day: int) -> bool:
        """Whether nothing at all happens on the account that day."""
        return account.goes_quiet and self.days * 6 // 10 <= day < self.days * 8 // 10

    def chance_to_leave(self, person: Person, day: int) -> float:
        """How likely a follower unfollows on that day."""
        since = day - self.hit - _WAVE_BEGINS
        if person.came_with_hit and 0 <= since < _WAVE_LASTS:
            return 0.11 * (1 - since / _WAVE_LASTS)
        return 0.0015
