"""Generations: a projection is rebuilt beside the live one, then swapped in one transaction."""

import time
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.tables import SpineTables

__all__ = ["FIRST", "LONGEST_QUIET", "Projection", "live_generation", "quiet_seconds"]

FIRST = 1
"""The generation of a database that was never rebuilt."""

LONGEST_QUIET = 5.0
"""The most seconds that live groups give way to a rebuild at a time."""


@dataclass(frozen=True)
class Projection:
    """Which generation a batch writes."""

    generation: int
    is_live: bool = True
    """False in a rebuild: no events into the outbox, no awards, no alerts."""


async def live_generation(session: AsyncSession) -> int:
    """The generation that readers and the live group use, as of this transaction."""
    tables: SpineTables = session.info["tables"]
    connection = await session.connection()
    live = (await connection.execute(select(tables.projection.c.live))).scalar_one_or_none()
    return FIRST if live is None else int(live)


async def quiet_seconds(session: AsyncSession) -> float:
    """For how long a rebuild that follows the live topics asks for quiet, to be swapped in."""
    tables: SpineTables = session.info["tables"]
    rebuild = tables.rebuild
    connection = await session.connection()
    found = await connection.execute(
        select(rebuild.c.progress).where(rebuild.c.state == "following")
    )
    asked = [float(progress.get("quiet_until", 0.0)) for (progress,) in found]
    return min(max([0.0, *(until - time.time() for until in asked)]), LONGEST_QUIET)
