"""What one person did on one account, before it becomes a request."""

from dataclasses import dataclass

__all__ = ["BROKEN", "UNMAPPED", "Act"]

UNMAPPED = "unmapped"
"""A kind of item that the adapter or the mapping does not know: kept, never counted."""

BROKEN = "broken"
"""An item that cannot be read: its outcome is `failed`."""


@dataclass(frozen=True, slots=True)
class Act:
    """`type` is what really happened, in the words of the canonical activity."""

    account: str
    type: str
    at: int
    """Unix seconds."""
    key: str
    """The platform's own id of it: what repeats are known by."""
    person: str | None = None
    """The person's id on the platform; None for acts of the platform or the account."""
    by_account: bool = False
    """The account itself did it, under its own id."""
    content: str | None = None
    count: int = 1
    amount: int | None = None
    """Fen."""
    text: str | None = None
    detail: str = ""
    """What else the platform says: a menu key, a code, an order number."""
    region: str | None = None
