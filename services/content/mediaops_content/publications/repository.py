"""Queries over publications. Every one names the workspace."""

from dataclasses import dataclass
from uuid import UUID

from mediaops_common.db import insert_new
from mediaops_common.http import MomentRange, NotFound
from sqlalchemy import Table
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_content.publications.models import Publication

TABLE: Table = Publication.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to; None leaves open."""

    content_id: UUID | None = None
    channel_id: UUID | None = None
    external_id: str | None = None
    published: MomentRange | None = None


async def insert(session: AsyncSession, publication: Publication) -> Publication:
    """The publication of this channel and external id that stands now: this one, or an older one.

    By insert-on-conflict instead of a caught error, which would undo the transaction on PostgreSQL.
    """
    key = ["workspace_id", "channel_id", "external_id"]
    await insert_new(session, TABLE, [publication.model_dump()], key=key)
    query = select(Publication).where(
        Publication.workspace_id == publication.workspace_id,
        Publication.channel_id == publication.channel_id,
        Publication.external_id == publication.external_id,
    )
    return (await session.exec(query)).one()


async def find(session: AsyncSession, workspace_id: UUID, publication_id: UUID) -> Publication:
    """Raises NotFound."""
    query = select(Publication).where(
        Publication.workspace_id == workspace_id, Publication.id == publication_id
    )
    publication = (await session.exec(query)).one_or_none()
    if publication is None:
        raise NotFound(f"no publication {publication_id}")
    return publication


async def page(
    session: AsyncSession, workspace_id: UUID, filters: Filters, *, after: UUID | None, limit: int
) -> list[Publication]:
    """Newest registration first."""
    query = select(Publication).where(Publication.workspace_id == workspace_id)
    if filters.content_id is not None:
        query = query.where(Publication.content_id == filters.content_id)
    if filters.channel_id is not None:
        query = query.where(Publication.channel_id == filters.channel_id)
    if filters.external_id is not None:
        query = query.where(Publication.external_id == filters.external_id)
    if filters.published is not None and filters.published.start is not None:
        query = query.where(Publication.published_at >= filters.published.start)
    if filters.published is not None and filters.published.end is not None:
        query = query.where(Publication.published_at < filters.published.end)
    if after is not None:
        query = query.where(Publication.id < after)
    query = query.order_by(col(Publication.id).desc()).limit(limit)
    return list((await session.exec(query)).all())
