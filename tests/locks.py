"""Two transactions that meet on PostgreSQL, and no clock: one goes on when the other waits for it.

The first locks a part of what both need, the second begins, and once it waits the first goes on to
the other part. Where both lock in one order the second has nothing of that yet; else the server
finds them waiting for each other, and ends one.
"""

import asyncio

from mediaops_common.db import Database

__all__ = ["waits"]

WAITING = (
    "SELECT EXISTS (SELECT FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock')"
)


async def waits(database: Database, task: "asyncio.Task[object]") -> bool:
    """Whether the task's transaction waits for another one's lock, as soon as it does; False once
    the task has ended without."""
    while not task.done():
        async with database.read() as session:
            connection = await session.connection()
            if (await connection.exec_driver_sql(WAITING)).scalar_one():
                return True
        await asyncio.sleep(0.01)
    return False
