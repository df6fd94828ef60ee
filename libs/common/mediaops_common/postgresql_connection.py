"""A connection to PostgreSQL whose transactions begin and tell their reach in one way there and
back.

Most transactions have few statements: every one that only prepares is felt in all of them.
"""

from collections.abc import Callable
from typing import Any

import asyncpg

from mediaops_common.reach import current_reach
from mediaops_common.row_security import reach_setting

__all__ = ["Connection"]


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """The driver's, for the pool of an engine: transactions are as the server's defaults say."""

    answered: Callable[[], None] | None = None
    """Called whenever a transaction has begun."""

    def transaction(self, **_options: Any) -> "_Transaction":
        return _Transaction(self)


class _Transaction:
    """One transaction. Whose rows it may see is set for it alone: nothing stays in the pool."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def start(self) -> None:
        await self._connection.execute(f"BEGIN; {reach_setting(current_reach())}")
        if self._connection.answered is not None:
            self._connection.answered()

    async def commit(self) -> None:
        await self._connection.execute("COMMIT")

    async def rollback(self) -> None:
        await self._connection.execute("ROLLBACK")
