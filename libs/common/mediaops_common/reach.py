"""Whose rows a transaction reaches: PostgreSQL holds it to that, whatever it asks for."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

__all__ = ["EVERY_WORKSPACE", "NO_WORKSPACE", "current_reach", "narrow_to", "reaching"]

EVERY_WORKSPACE = "*"
"""What serves all workspaces alike: workers, jobs, what starts a process, the look-up of whose a
hook or a token is."""
NO_WORKSPACE = ""

_reach: ContextVar[str] = ContextVar("reach", default=EVERY_WORKSPACE)
"""A request begins without any workspace and gets its caller's with the proof of the token."""


def current_reach() -> str:
    """What the next transaction of this task tells its database."""
    return _reach.get()


def narrow_to(workspace: UUID | str) -> None:
    """From now on this task, and what it starts, reaches no other workspace."""
    _reach.set(str(workspace))


@contextmanager
def reaching(workspace: UUID | str) -> Iterator[None]:
    """Transactions that begin inside reach this workspace."""
    token = _reach.set(str(workspace))
    try:
        yield
    finally:
        _reach.reset(token)
