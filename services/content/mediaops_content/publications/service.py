"""Registering that a revision is live, and finding what is."""

from datetime import datetime
from uuid import UUID

from mediaops_common import outbox
from mediaops_common.events import PublicationRegistered
from mediaops_common.http import Conflict
from mediaops_common.ids import new_id
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_content.channels import service as channels
from mediaops_content.contents import service as contents
from mediaops_content.publications import repository
from mediaops_content.publications.models import Publication
from mediaops_content.publications.repository import Filters
from mediaops_content.publications.schemas import PublicationCreate

__all__ = ["AlreadyRegistered", "Filters", "find", "page", "register"]

find = repository.find


class AlreadyRegistered(Conflict):
    """The channel has a publication under this external id already."""

    title, type = "This publication is registered already", "already-registered"


async def register(
    session: AsyncSession, workspace_id: UUID, by: str, body: PublicationCreate, now: datetime
) -> Publication:
    """Raises NotFound for a content, revision or channel that the workspace has not."""
    await channels.require(session, workspace_id, body.channel_id)
    revision = await contents.find_revision(
        session, workspace_id, body.content_id, body.revision_id
    )
    publication = Publication(
        workspace_id=workspace_id,
        id=new_id(),
        content_id=revision.content_id,
        revision_id=revision.id,
        channel_id=body.channel_id,
        external_id=body.external_id,
        title=revision.title,
        published_at=body.published_at,
        url=body.url,
        version=1,
        created_at=now,
        created_by=by,
    )
    standing = await repository.insert(session, publication)
    if standing.id != publication.id:
        raise AlreadyRegistered(
            f"channel {body.channel_id} has {body.external_id!r} already",
            publication_id=str(standing.id),
        )
    await _tell(session, publication)
    return publication


async def page(
    session: AsyncSession, workspace_id: UUID, filters: Filters, *, after: UUID | None, limit: int
) -> list[Publication]:
    """Raises NotFound when a filter names a content or channel that the workspace has not."""
    if filters.content_id is not None:
        await contents.require(session, workspace_id, filters.content_id)
    if filters.channel_id is not None:
        await channels.require(session, workspace_id, filters.channel_id)
    return await repository.page(session, workspace_id, filters, after=after, limit=limit)


async def _tell(session: AsyncSession, publication: Publication) -> None:
    event = PublicationRegistered(
        workspace_id=publication.workspace_id,
        publication_id=publication.id,
        content_id=publication.content_id,
        revision_id=publication.revision_id,
        channel_id=publication.channel_id,
        external_id=publication.external_id,
        title=publication.title,
        published_at=publication.published_at,
        version=publication.version,
    )
    await outbox.add(session, event, workspace_id=publication.workspace_id)
