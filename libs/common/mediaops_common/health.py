"""Readiness: named checks, each with the repair it asks for."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

__all__ = ["Check", "HealthChecks", "Unhealthy"]


class Unhealthy(Exception):
    """Raised by a check: what is wrong, and what to do about it."""

    def __init__(self, reason: str, *, repair: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.repair = repair


@dataclass(frozen=True)
class Check:
    """The outcome of one check."""

    name: str
    is_ok: bool
    reason: str | None = None
    repair: str | None = None


class HealthChecks:
    """The checks of one running service. `add` them while it starts."""

    def __init__(self) -> None:
        self._checks: dict[str, Callable[[], Awaitable[None]]] = {}

    def add(self, name: str, check: Callable[[], Awaitable[None]]) -> None:
        """Registers a check: it returns when all is well and raises Unhealthy otherwise."""
        self._checks[name] = check

    def remove(self, name: str) -> None:
        self._checks.pop(name, None)

    async def run(self) -> list[Check]:
        """Runs all checks side by side; one that takes longer than two seconds has failed."""
        return list(await asyncio.gather(*(self._one(name) for name in self._checks)))

    async def _one(self, name: str) -> Check:
        try:
            async with asyncio.timeout(2):
                await self._checks[name]()
        except Unhealthy as error:
            return Check(name, False, error.reason, error.repair)
        except TimeoutError:
            return Check(name, False, "did not answer within 2 s", "see the log; restart it")
        except Exception as error:
            # Only the kind: texts of errors may hold addresses and data.
            return Check(name, False, type(error).__name__, "see the log")
        return Check(name, True)
