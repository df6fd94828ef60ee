"""What can be asked of rollups, and what they answer."""

from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

__all__ = ["Money", "Question", "Tally", "with_currency"]


@dataclass(frozen=True)
class Question:
    """Sums over the buckets from `first` to `last`, told apart by some of the names.

    A filter that is None lets everything pass; a set lets pass what is in it.
    """

    granularity: str
    first: int
    last: int
    by: frozenset[str] = frozenset()
    """Of channel, content, type, region (and currency, for money)."""
    channels: frozenset[UUID] | None = None
    contents: frozenset[str] | None = None
    types: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    currencies: frozenset[str] | None = None


class Tally(NamedTuple):
    """One sum. A name is None where the activities have none, or it was not asked for."""

    bucket: int
    channel: UUID | None
    content: str | None
    type: str | None
    region: str | None
    n: int
    total: int
    corrections: int
    late: int
    retracted: int


class Money(NamedTuple):
    """One sum of money, in one currency unless currencies were not told apart."""

    bucket: int
    currency: str | None
    channel: UUID | None
    content: str | None
    type: str | None
    region: str | None
    n: int
    amount: int
    corrections: int
    late: int
    retracted: int


def with_currency(question: Question) -> Question:
    """The same question with currencies told apart."""
    return replace(question, by=question.by | {"currency"})
