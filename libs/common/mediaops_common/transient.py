"""Tells the trouble of the moment from the fault of what is worked on."""

import asyncio

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

__all__ = ["is_transient"]


def is_transient(error: BaseException) -> bool:
    """Whether trying again later may help: the database's trouble, not the event's."""
    if isinstance(error, OSError | PoolTimeout | asyncio.CancelledError):
        return True
    if isinstance(error, OperationalError):
        text = str(error.orig)
        return not any(word in text for word in ("no such", "has no column", "syntax"))
    return isinstance(error, DBAPIError) and error.connection_invalidated
