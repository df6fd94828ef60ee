"""People: who they are on their platform, and how likely they come back."""

from dataclasses import dataclass
from random import Random

__all__ = ["Person", "newcomer"]

_REGIONS = ("CN-ZJ", "CN-GD", "CN-SC", "CN-JS", "CN-BJ", "CN-SH", "CN-HN", "CN-YN")
_REGION_WEIGHTS = (26, 20, 14, 12, 9, 8, 6, 5)


@dataclass(slots=True)
class Person:
    """One person on one account. `id` is what the platform calls them."""

    id: str
    account: str
    joined: int
    """Index of the day on which they first came."""
    habit: float
    """The chance that they come on the day after."""
    fading: float
    """How fast that chance falls with age; 0 = never."""
    region: str
    came_with_hit: bool = False
    follows: bool = False
    has_come: bool = False

    def chance(self, day_index: int) -> float:
        """How likely they come on that day."""
        age = max(day_index - self.joined, 1)
        return self.habit * float(age**-self.fading)


def newcomer(rng: Random, account: str, day_index: int, *, came_with_hit: bool) -> Person:
    """Somebody new: few stay, some come back now and then, most pass by.

    Whoever came for a hit stays less often; that is what the wave of unfollows is made of.
    """
    luck = rng.random() * (3.5 if came_with_hit else 1.0)
    if luck < 0.08:
        habit, fading = rng.uniform(0.4, 0.8), rng.uniform(0.05, 0.3)
    elif luck < 0.42:
        habit, fading = rng.uniform(0.15, 0.4), rng.uniform(0.4, 0.8)
    else:
        habit, fading = rng.uniform(0.03, 0.15), rng.uniform(0.7, 1.3)
    return Person(
        id=f"o{rng.getrandbits(100):025x}",
        account=account,
        joined=day_index,
        habit=habit,
        fading=fading,
        region=rng.choices(_REGIONS, weights=_REGION_WEIGHTS)[0],
        came_with_hit=came_with_hit,
    )
