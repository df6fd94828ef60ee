"""What content knows of workspaces: enough to tell whose token it is."""

from mediaops_common.events import WorkspaceSaved
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_content.workspaces import repository


async def learn(session: AsyncSession, event: WorkspaceSaved) -> None:
    """Keeps what the event says, unless something newer is known already."""
    known = await repository.version_of(session, event.workspace_id)
    if known is None or known < event.version:
        await repository.replace(session, event)
