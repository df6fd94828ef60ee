"""Keeps the known channels in step with ingest."""

from mediaops_common.consumer import Handlers
from mediaops_common.events import ChannelSaved
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_content.channels import service

handlers = Handlers(group="registry")


@handlers.on(ChannelSaved)
async def remember_channel(session: AsyncSession, event: ChannelSaved) -> None:
    await service.learn(session, event)
