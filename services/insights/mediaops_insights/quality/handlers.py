"""Keeps the quality of sources in step with ingest."""

from mediaops_common.consumer import Handlers
from mediaops_common.events import QualityComputed
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.quality import service

handlers = Handlers(group="registry")


@handlers.on_several(QualityComputed)
async def remember_source_days(session: AsyncSession, events: list[QualityComputed]) -> None:
    await service.learn(session, events)
