"""Which name of an actor stands.

It is that of the newest day, then of the newest mapping, then the larger text, in whatever order
activities become known. Only that one is kept. When an activity of its day and mapping is taken
back, the text is forgotten and the name is unknown; its day and mapping stay as a floor. The next
name is one that is told above the floor, or one that a replay brings, of whatever day: it stands in
the place of what was taken back.

What is told at the floor or below is not taken: of those names some were forgotten when a newer one
came, and whether they are known again would depend on the order of events of other channels. So a
rebuild ends with the same name. Only where replays name one actor on several channels may it be
another of these names.
"""

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Name", "Telling", "is_newer", "standing"]

Name = tuple[int, int, str | None]
"""(day, mapping revision, name); without a name it is a floor."""


class Telling(NamedTuple):
    """What an activity says of its actor's name, or its retraction, which has no name to tell."""

    name: Name
    is_replayed: bool = False


def is_newer(name: Name, known: Name | None) -> bool:
    """Whether a name that a sender told stands instead of what is known."""
    if known is None:
        return True
    return name > known if known[2] is not None else name[:2] > known[:2]


def standing(known: Name | None, tellings: Iterable[Telling]) -> Name | None:
    """What stands after these, one after the other."""
    for name, is_replayed in tellings:
        if name[2] is None:
            if known is not None and known[:2] == name[:2]:
                known = name
        elif is_newer(name, known) or (is_replayed and known is not None and known[2] is None):
            known = name
    return known
