"""Actors, and the days on which each was active."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from mediaops_common.columns import BigInt, Guid
from sqlalchemy import Index, Text
from sqlmodel import Field

from mediaops_crm.database import CrmModel

__all__ = ["MASK_DAYS", "Actor", "ActorDays", "DaysRow", "Recency"]

MASK_DAYS = 64
GAP_DAYS = 30
"""Who comes back after more days than these has returned."""

_FULL = (1 << MASK_DAYS) - 1
_SEEN_GAPS = MASK_DAYS - GAP_DAYS
"""A gap is looked for behind so many of the newest days: further back the mask may hide its end."""

DaysRow = Sequence[Any]
"""What is read of an actor's days: (ordinal, first day, last day, mask, name, day and revision of
the name)."""


class Actor(CrmModel, table=True):
    """Who it is. Written once, when they are first active. Projection."""

    __tablename__ = "actor"
    __table_args__: ClassVar[Any] = (
        Index("ix_actor_profile", "generation", "workspace_id", "profile_id"),
        Index("ix_actor_identity", "generation", "workspace_id", "platform", "external_id"),
        {"sqlite_with_rowid": False},
    )

    generation: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    ordinal: int = Field(primary_key=True, sa_type=BigInt)
    profile_id: UUID = Field(sa_type=Guid)
    platform: str = Field(max_length=40)
    id_scope: str = Field(sa_type=Text)
    external_id: str = Field(sa_type=Text)


class ActorDays(CrmModel, table=True):
    """When they were active: all that one person's answers need, in one short row. Projection.

    It follows from the bitmaps alone; whose every activity was retracted has no first day.
    """

    __tablename__ = "actor_days"
    __table_args__: ClassVar[Any] = (
        Index("ix_actor_days_first", "generation", "workspace_id", "first_day"),
        {"sqlite_with_rowid": False},
    )

    generation: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    ordinal: int = Field(primary_key=True, sa_type=BigInt)
    first_day: int | None = None
    last_day: int | None = None
    returned_day: int | None = None
    """The latest day of activity after a gap of more than 30 days, if the mask shows one."""
    mask: int = Field(sa_type=BigInt)
    """Bit i: active on the last day − i. Signed, as the databases store it."""
    name: str | None = Field(default=None, max_length=500)
    named_day: int | None = None
    named_revision: int | None = None
    """Of the name, or with none those of the last one that was taken back: see `names`."""


class Recency(NamedTuple):
    """On which days somebody was active: the first, the last, and a mask of the 64 up to it.

    It is a function of the set of days, whatever the order in which they became known.
    """

    first: int
    last: int
    mask: int

    @classmethod
    def of(cls, days: Iterable[int]) -> "Recency | None":
        """None where there are no days."""
        known = sorted(days)
        if not known:
            return None
        first, last = known[0], known[-1]
        mask = sum(1 << (last - day) for day in set(known) if last - day < MASK_DAYS)
        return cls(first, last, mask)

    def with_day(self, day: int) -> "Recency":
        """With one more day; the same object when it changes nothing."""
        first, last, mask = self
        if day > last:
            shifted = day - last
            kept = (mask << shifted) & _FULL if shifted < MASK_DAYS else 0
            return Recency(first, day, kept | 1)
        bit = 1 << (last - day) if last - day < MASK_DAYS else 0
        if day >= first and mask & bit == bit:
            return self
        return Recency(min(first, day), last, mask | bit)

    @property
    def returned(self) -> int | None:
        """The latest day that came after a gap of more than 30 days, among the newest 34 days.

        That is all that lifecycle states need; a gap further back may end beyond the mask.
        """
        first, last, mask = self
        at = 0
        while at < _SEEN_GAPS:
            older = mask >> (at + 1)
            if not older:
                return last - at if first < last - at else None
            gap = (older & -older).bit_length()
            if gap > GAP_DAYS:
                return last - at
            at += gap
        return None

    def days(self) -> list[int]:
        """The days that the mask holds, in order."""
        return [self.last - back for back in reversed(range(MASK_DAYS)) if self.mask >> back & 1]

    def active_days(self, until: int, window: int) -> int:
        """On how many of the `window` days that end with `until` they were active."""
        return sum(until - window < day <= until for day in self.days())

    @property
    def stored_mask(self) -> int:
        """The mask as a signed 64-bit integer."""
        return self.mask - (1 << MASK_DAYS) if self.mask >> (MASK_DAYS - 1) else self.mask

    @classmethod
    def stored(cls, first: int | None, last: int | None, mask: int) -> "Recency | None":
        """What a row holds."""
        if first is None or last is None:
            return None
        return cls(first, last, mask & _FULL)
