"""What can be done with workspaces."""

from datetime import datetime

from mediaops_common import outbox
from mediaops_common.events import WorkspaceSaved
from mediaops_common.http import Conflict
from mediaops_common.ids import workspace_id
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.limit import Limit
from mediaops_ingest.workspaces import repository
from mediaops_ingest.workspaces.repository import Workspace

__all__ = [
    "SlugTaken",
    "TimezoneFixed",
    "Workspace",
    "change",
    "create",
    "find",
    "limits",
    "set_limit",
]

find = repository.find

limits = repository.limits


class SlugTaken(Conflict):
    """There is a workspace of this slug."""

    title, type = "The slug is taken", "slug-taken"


class TimezoneFixed(Conflict):
    """Days were cut in the old time zone already."""

    title, type = "The time zone is fixed", "timezone-fixed"


async def create(
    session: AsyncSession,
    *,
    slug: str,
    name: str,
    timezone: str,
    limit: Limit | None = None,
    now: datetime,
) -> Workspace:
    workspace = Workspace(
        id=workspace_id(slug),
        slug=slug,
        name=name,
        timezone=timezone,
        version=1,
        has_activity=False,
        created_at=now,
        limit=limit,
    )
    if not await repository.add(session, workspace):
        raise SlugTaken(f"there is a workspace {slug!r} already")
    await _tell(session, workspace)
    return workspace


async def change(
    session: AsyncSession, workspace: Workspace, *, name: str | None, timezone: str | None
) -> Workspace:
    """`workspace` was found `to_change` in this transaction."""
    if timezone not in (None, workspace.timezone) and workspace.has_activity:
        raise TimezoneFixed("the workspace has activity: its time zone cannot change any more")
    changes = {"name": name or workspace.name, "timezone": timezone or workspace.timezone}
    return await _save(session, workspace, **changes)


async def set_limit(session: AsyncSession, workspace: Workspace, limit: Limit | None) -> Workspace:
    """Likewise."""
    await repository.set_limit(session, workspace.id, limit)
    return await _save(session, workspace)


async def _save(session: AsyncSession, workspace: Workspace, **changes: str) -> Workspace:
    await repository.change(session, workspace.id, version=workspace.version + 1, **changes)
    changed = await repository.find(session, workspace.id)
    await _tell(session, changed)
    return changed


async def _tell(session: AsyncSession, workspace: Workspace) -> None:
    event = WorkspaceSaved(
        workspace_id=workspace.id,
        slug=workspace.slug,
        name=workspace.name,
        timezone=workspace.timezone,
        version=workspace.version,
    )
    await outbox.add(session, event, workspace_id=workspace.id)
