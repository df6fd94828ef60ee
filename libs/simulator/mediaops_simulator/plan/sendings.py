"""One request to come: which acts are in it, and what is wrong with it."""

import zlib
from dataclasses import dataclass
from typing import Literal

from mediaops_simulator.company.acts import Act

__all__ = ["Sending", "lane_of"]

LANES = 4
"""Requests of one account travel on this many connections; each person always on the same one,
so that everybody's acts arrive in order."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One item: Douyin and WeChat send one act in each, the shop up to a hundred at once."""

    account: str
    key: str
    """`webhook-id`, `Msg-Id`, or what a WeChat message is known by."""
    acts: tuple[Act, ...]
    lane: int
    attempt: int = 1
    """Counts the deliveries of the same thing; each is signed anew."""
    is_forged: bool = False
    """Signed with a wrong secret: to be refused, and never to be counted."""
    via: Literal["hook", "api"] = "hook"
    """`api`: `POST /activities`, as an export that operators import."""


def lane_of(person: str | None) -> int:
    """The connection on which a person's acts travel."""
    return zlib.crc32((person or "").encode()) % LANES
