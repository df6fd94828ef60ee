"""Keeps the known workspaces in step with ingest."""

from mediaops_common.consumer import Handlers
from mediaops_common.events import WorkspaceSaved
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_content.workspaces import service

handlers = Handlers(group="registry")


@handlers.on(WorkspaceSaved)
async def remember_workspace(session: AsyncSession, event: WorkspaceSaved) -> None:
    await service.learn(session, event)
