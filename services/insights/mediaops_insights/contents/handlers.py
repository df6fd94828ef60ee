"""Remembers what was published where."""

from mediaops_common.consumer import Handlers
from mediaops_common.events import PublicationRegistered
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.contents import service

handlers = Handlers(group="registry")


@handlers.on_several(PublicationRegistered)
async def remember_publications(session: AsyncSession, events: list[PublicationRegistered]) -> None:
    await service.learn(session, events)
