"""Keeps the known workspaces, channels and sources in step with ingest."""

from mediaops_common.consumer import Handlers
from mediaops_common.events import ChannelSaved, SourceSaved, WorkspaceSaved
from mediaops_common.workspaces import learn_workspace
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.registry import service

handlers = Handlers(group="registry")


@handlers.on(WorkspaceSaved)
async def remember_workspace(session: AsyncSession, event: WorkspaceSaved) -> None:
    await learn_workspace(session, event)


@handlers.on(ChannelSaved)
async def remember_channel(session: AsyncSession, event: ChannelSaved) -> None:
    await service.learn_channel(session, event)


@handlers.on(SourceSaved)
async def remember_source(session: AsyncSession, event: SourceSaved) -> None:
    await service.learn_source(session, event)
