"""The end of a rebuild: it is swapped in, and what it replaced is removed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common import parked
from mediaops_common.bus.port import Bus
from mediaops_common.database_clock import now_in
from mediaops_common.db import Database, insert_new
from mediaops_common.failpoints import hit
from mediaops_common.lanes import all_numbers
from mediaops_common.lease import Lease, check
from mediaops_common.positions import hold_groups

__all__ = [
    "LEFT",
    "OPEN_STATES",
    "Superseded",
    "ask_for_quiet",
    "clear_away",
    "follow_from_noted",
    "note",
    "sweep",
    "try_swap",
]

OPEN_STATES = ("requested", "replaying", "following")
"""requested → replaying (the archive, on its own topics) → following (the live ones) → done. From
each of them it may be superseded."""

LEFT = {"left": True}
"""The progress of a rebuild that is over, until what it leaves behind is removed."""


class Superseded(Exception):
    """Another rebuild was asked for instead of this one."""


async def note(session: AsyncSession, rebuild_id: UUID, **values: Any) -> None:
    """Notes of a rebuild how far it is. Raises Superseded where it is not under way any more."""
    rebuild = session.info["tables"].rebuild
    is_open = rebuild.c.id == rebuild_id, rebuild.c.state.in_(OPEN_STATES)
    connection = await session.connection()
    done = await connection.execute(update(rebuild).where(*is_open).values(**values))
    if not done.rowcount:
        raise Superseded


async def follow_from_noted(database: Database, row: Any, name: str) -> None:
    """Goes over to the live topic at the positions that were noted at the start."""
    tables = database.tables
    async with database.write() as session:
        noted = [{**position, "group": name, "version": 0} for position in row.positions]
        key = ["group", "topic", "partition"]
        await insert_new(session, tables.position, noted, key=key)
        await note(session, row.id, state="following")


async def ask_for_quiet(database: Database, rebuild_id: UUID, seconds: float) -> None:
    """Every replica of the live group applies one batch more at most, and then waits."""
    async with database.write() as session:
        connection = await session.connection()
        until = (await connection.execute(select(now_in(session, plus=seconds)))).scalar_one()
        await note(session, rebuild_id, progress={"quiet_until": until.timestamp()})


async def try_swap(database: Database, row: Any, live: str, name: str, lease: Lease) -> bool:
    """Swaps when every lane is equal and nothing is parked, in one transaction."""
    tables = database.tables
    async with database.write() as session:
        await check(session, lease)
        await hold_groups(session, live, name)
        ours = await all_numbers(session, tables, name)
        theirs = await all_numbers(session, tables, live)
        if _told(ours) != _told(theirs):
            return False
        if await parked.open_count(session, live) or await parked.open_count(session, name):
            return False
        connection = await session.connection()
        await connection.execute(update(tables.projection).values(live=row.generation))
        # What either gave up stays given up, and is audited under the group that goes on.
        await connection.execute(delete(tables.applied).where(tables.applied.c.group == live))
        for table in (tables.parked, tables.applied):
            await connection.execute(update(table).where(table.c.group == name).values(group=live))
        for table in (tables.lane, tables.position, tables.heads, tables.stall):
            await connection.execute(delete(table).where(table.c.group == name))
        position = tables.position
        await connection.execute(
            update(position).where(position.c.group == live).values(version=position.c.version + 1)
        )
        await note(session, row.id, state="done", finished_at=datetime.now(UTC), progress=LEFT)
        hit("rebuild.swap")
    return True


def _told(numbers: dict[Any, list[int]]) -> dict[Any, list[int]]:
    """Without lanes in which nothing ever came: a group may or may not have a row for them."""
    return {key: values for key, values in numbers.items() if any(values)}


async def clear_away(
    database: Database, bus: Bus, left: Any, name: str, topics: Sequence[str]
) -> None:
    """Removes the topics of a rebuild that is over and, where it was superseded, what its group
    `name` noted. It may be repeated."""
    for topic in topics:
        await bus.delete_topic(topic)
    tables = database.tables
    async with database.write() as session:
        connection = await session.connection()
        for table in (tables.lane, tables.position, tables.heads, tables.stall, tables.applied):
            await connection.execute(delete(table).where(table.c.group == name))
        await parked.cancel_all(session, name)
        await connection.execute(
            update(tables.rebuild).where(tables.rebuild.c.id == left.id).values(progress={})
        )


async def sweep(
    database: Database, live: int, stopping: asyncio.Event, keep: Callable[[], Awaitable[Any]]
) -> None:
    """Removes rows of generations below the live one, in small transactions; `keep` is called
    before each."""
    for table in database.tables.lease.metadata.sorted_tables:
        if "generation" not in table.c or table.name == "rebuild":
            continue
        keys = list(table.primary_key.columns)
        dead = select(*keys).where(table.c.generation < live).limit(2_000)
        its = and_(*(column == bindparam(f"k{i}") for i, column in enumerate(keys)))
        while not stopping.is_set():
            await keep()
            async with database.read() as session:
                connection = await session.connection()
                rows = (await connection.execute(dead)).all()
            if not rows:
                break
            async with database.write() as session:
                connection = await session.connection()
                await connection.execute(
                    delete(table).where(its),
                    [{f"k{i}": value for i, value in enumerate(row)} for row in rows],
                )
            await asyncio.sleep(0)
