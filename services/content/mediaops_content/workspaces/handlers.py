"""Keeps the known workspaces in step with ingest."""

from mediaops_common.consumer import Handlers
from mediaops_common.events import WorkspaceSaved
from mediaops_common.workspaces import learn_workspace
from sqlmodel.ext.asyncio.session import AsyncSession

handlers = Handlers(group="registry")


@handlers.on(WorkspaceSaved)
async def remember_workspace(session: AsyncSession, event: WorkspaceSaved) -> None:
    await learn_workspace(session, event)
