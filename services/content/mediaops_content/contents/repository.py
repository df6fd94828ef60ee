"""Queries over contents and revisions. Every one names the workspace."""

from uuid import UUID

from mediaops_common.http import NotFound
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_content.contents.models import Content, Revision


async def find(
    session: AsyncSession, workspace_id: UUID, content_id: UUID, *, to_change: bool = False
) -> Content:
    """Raises NotFound. `to_change` holds the row until the transaction ends."""
    query = select(Content).where(Content.workspace_id == workspace_id, Content.id == content_id)
    if to_change:
        query = query.with_for_update()
    content = (await session.exec(query)).one_or_none()
    if content is None:
        raise NotFound(f"no content {content_id}")
    return content


async def page(
    session: AsyncSession, workspace_id: UUID, *, title: str | None, after: UUID | None, limit: int
) -> list[Content]:
    """Newest first: ids are of version 7, so their order is the order of time."""
    query = select(Content).where(Content.workspace_id == workspace_id)
    if title:
        query = query.where(col(Content.title_folded).contains(title, autoescape=True))
    if after is not None:
        query = query.where(Content.id < after)
    query = query.order_by(col(Content.id).desc()).limit(limit)
    return list((await session.exec(query)).all())


async def find_revision(
    session: AsyncSession, workspace_id: UUID, content_id: UUID, revision_id: UUID
) -> Revision:
    """Raises NotFound, also for a revision of another content."""
    query = select(Revision).where(
        Revision.workspace_id == workspace_id,
        Revision.id == revision_id,
        Revision.content_id == content_id,
    )
    revision = (await session.exec(query)).one_or_none()
    if revision is None:
        raise NotFound(f"no revision {revision_id} of content {content_id}")
    return revision


async def page_of_revisions(
    session: AsyncSession, workspace_id: UUID, content_id: UUID, *, below: int | None, limit: int
) -> list[Revision]:
    """Newest first, by number."""
    query = select(Revision).where(
        Revision.workspace_id == workspace_id, Revision.content_id == content_id
    )
    if below is not None:
        query = query.where(Revision.number < below)
    query = query.order_by(col(Revision.number).desc()).limit(limit)
    return list((await session.exec(query)).all())
