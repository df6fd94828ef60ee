"""Generations: a projection is rebuilt beside the live one, then swapped in one transaction."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.tables import SpineTables

__all__ = ["FIRST", "Projection", "live_generation", "swap_is_near"]

FIRST = 1
"""The generation of a database that was never rebuilt."""


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


async def swap_is_near(session: AsyncSession) -> bool:
    """Whether a rebuild follows the live topics and waits for the moment to be swapped in."""
    tables: SpineTables = session.info["tables"]
    rebuild = tables.rebuild
    connection = await session.connection()
    found = await connection.execute(select(rebuild.c.id).where(rebuild.c.state == "following"))
    return found.first() is not None
