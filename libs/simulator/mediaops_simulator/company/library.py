"""What the accounts have made: videos, articles and pages that people look at."""

from dataclasses import dataclass, field
from random import Random

__all__ = ["Library", "Piece"]

_DISHES = ("笋烧肉", "腌笃鲜", "青团", "桂花酒酿", "竹筒饭", "菌菇汤", "手工豆腐", "柴火鱼")
_FRAMES = (
    "奶奶教我做{}",
    "{}的九道工序",
    "一人食:{}",
    "山里的{}",
    "{},只要三样东西",
    "赶集买食材做{}",
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing made and published on one account."""

    account: str
    external_id: str
    title: str
    day: int
    at: int
    is_hit: bool = False


@dataclass(slots=True)
class Library:
    """The pieces of each account, oldest first."""

    pieces: dict[str, list[Piece]] = field(default_factory=dict)

    def publish(self, rng: Random, account: str, day: int, at: int, *, is_hit: bool) -> Piece:
        """A new piece of the account."""
        title = (
            "爷爷的石磨又转起来了" if is_hit else rng.choice(_FRAMES).format(rng.choice(_DISHES))
        )
        piece = Piece(account, f"7{rng.randrange(10**17):017d}", title, day, at, is_hit)
        self.pieces.setdefault(account, []).append(piece)
        return piece

    def looked_at(self, rng: Random, account: str, at: int) -> Piece | None:
        """What somebody looks at then: mostly what is new, and a hit for some days."""
        known = [piece for piece in self.pieces.get(account, ())[-30:] if piece.at <= at]
        if not known:
            return None
        weights = [_appeal(piece, at) for piece in known]
        return rng.choices(known, weights=weights)[0]


def _appeal(piece: Piece, at: int) -> float:
    age = (at - piece.at) / 86_400
    return (40.0 if piece.is_hit and age < 7 else 1.0) / (1.0 + age)
