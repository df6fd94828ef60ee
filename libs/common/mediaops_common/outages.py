"""Outages of what a loop works with: told once when they begin and once when they are over, not at
every attempt in between."""

from typing import Any, Protocol

import structlog

__all__ = ["Outage", "Reachable", "tell_failure"]

log = structlog.get_logger(__name__)


class Reachable(Protocol):
    """Something on another machine: the bus, a database."""

    @property
    def trouble(self) -> str | None:
        """Why it cannot be asked now, which it has told of itself; None while it answers."""


class Outage:
    """Whether the server of one service's database answers."""

    def __init__(self, name: str) -> None:
        self.trouble: str | None = None
        self._name = name

    def begin(self, error: BaseException) -> None:
        if self.trouble is not None:
            return
        # What a time-out cut off says nothing: the time-out itself does.
        while error.__cause__ is not None and not isinstance(error, TimeoutError):
            error = error.__cause__
        # Only the kind: texts of errors may hold addresses and data.
        self.trouble = f"the database of {self._name} does not answer: {type(error).__name__}"
        log.warning("database_not_seen", database=self._name, error=type(error).__name__)

    def end(self) -> None:
        if self.trouble is not None:
            self.trouble = None
            log.info("database_seen_again", database=self._name)


def tell_failure(event: str, *needed: Reachable, **fields: Any) -> None:
    """Logs the error that is being handled with its traceback, unless something that was needed is
    known to be away: then the next attempt fails alike, and whoever reads the log knows why."""
    if all(one.trouble is None for one in needed):
        log.exception(event, **fields)
