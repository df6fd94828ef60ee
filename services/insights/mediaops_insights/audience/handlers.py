"""Remembers the audience's days as crm tells them."""

from mediaops_common.consumer import Handlers
from mediaops_common.events import DayComputed
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.audience import service

handlers = Handlers(group="registry")


@handlers.on(DayComputed)
async def remember_audience_day(session: AsyncSession, event: DayComputed) -> None:
    await service.learn_day(session, event)
