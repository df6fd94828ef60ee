"""Generations: a projection is rebuilt beside the live one, then swapped in one transaction."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.database_clock import now_in
from mediaops_common.tables import SpineTables

__all__ = ["FIRST", "LONGEST_QUIET", "Projection", "live_and_quiet", "live_generation"]

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


async def live_and_quiet(session: AsyncSession) -> tuple[int, float]:
    """The live generation, and for how many seconds a rebuild that follows the live topics asks
    for quiet, to be swapped in."""
    tables: SpineTables = session.info["tables"]
    live = select(tables.projection.c.live).scalar_subquery()
    following = tables.rebuild.c.state == "following"
    progress = select(tables.rebuild.c.progress).where(following).limit(1).scalar_subquery()
    connection = await session.connection()
    found = (await connection.execute(select(live, progress, now_in(session)))).one()
    until = float((found[1] or {}).get("quiet_until", 0.0))
    quiet = min(max(0.0, until - found[2].timestamp()), LONGEST_QUIET)
    return FIRST if found[0] is None else int(found[0]), quiet
