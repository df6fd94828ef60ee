"""DAU / MAU per day, and the distribution of active days."""

import asyncio

from mediaops_common.audience.windows import active_days, in_order
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_crm.audience import service as audience
from mediaops_crm.audience.service import Counts, View

__all__ = ["daily", "histogram"]


async def daily(session: AsyncSession, view: View, first: int, last: int) -> list[Counts]:
    """A row for every day from `first` to `last`."""
    return await audience.counts(
        session, view.generation, view.workspace_id, view.channel_id, first, last
    )


async def histogram(session: AsyncSession, view: View, day: int, window: int) -> list[int]:
    """How many were active on exactly 1, 2, … `window` of the days that end with `day`."""
    first = day - window + 1
    maps = await view.days(session, first, day)
    return await asyncio.to_thread(active_days, in_order(maps, first, day))
