"""What may be done with contents: make, change, find; every change is a new revision."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from mediaops_common import outbox
from mediaops_common.events import ContentSaved, RevisionCreated
from mediaops_common.ids import new_id
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_content.contents import repository
from mediaops_content.contents.models import Content, Revision
from mediaops_content.contents.schemas import ContentCreate, ContentUpdate

__all__ = ["Saved", "change", "create", "find", "find_revision", "folded", "page"]


@dataclass(frozen=True)
class Saved:
    """A content with its current revision."""

    content: Content
    revision: Revision


def folded(text: str) -> str:
    """Without case and width: `ＡＢＣ`, `abc` and `ABC` are found by each other.

    Folding here, not in SQL: SQLite's LOWER and LIKE know only ASCII.
    """
    return unicodedata.normalize("NFKC", text).casefold()


async def create(
    session: AsyncSession, workspace_id: UUID, by: str, body: ContentCreate, now: datetime
) -> Saved:
    content = Content(
        workspace_id=workspace_id,
        id=new_id(),
        title=body.title,
        title_folded=folded(body.title),
        version=1,
        revision_id=new_id(),
        created_at=now,
        updated_at=now,
        created_by=by,
    )
    session.add(content)
    revision = _revision(content, body.body, body.attributes, by)
    session.add(revision)
    await session.flush()
    await _tell(session, content)
    return Saved(content, revision)


async def find(session: AsyncSession, workspace_id: UUID, content_id: UUID) -> Saved:
    return await _saved(session, await repository.find(session, workspace_id, content_id))


async def find_to_change(session: AsyncSession, workspace_id: UUID, content_id: UUID) -> Saved:
    """The same; nobody else changes the content until this transaction ends."""
    content = await repository.find(session, workspace_id, content_id, to_change=True)
    return await _saved(session, content)


async def change(
    session: AsyncSession, saved: Saved, by: str, body: ContentUpdate, now: datetime
) -> Saved:
    """Saves a new state; the old revision stays as it is."""
    content, before = saved.content, saved.revision
    content.title = before.title if body.title is None else body.title
    content.title_folded = folded(content.title)
    content.version += 1
    content.revision_id = new_id()
    content.updated_at = now
    revision = _revision(
        content,
        before.body if body.body is None else body.body,
        before.attributes if body.attributes is None else body.attributes,
        by,
    )
    session.add(content)
    session.add(revision)
    await session.flush()
    await _tell(session, content)
    return Saved(content, revision)


async def page(
    session: AsyncSession, workspace_id: UUID, *, q: str | None, after: UUID | None, limit: int
) -> list[Content]:
    title = folded(q.strip()) if q else None
    return await repository.page(session, workspace_id, title=title, after=after, limit=limit)


async def require(session: AsyncSession, workspace_id: UUID, content_id: UUID) -> None:
    """Raises NotFound unless the workspace has the content."""
    await repository.find(session, workspace_id, content_id)


async def find_revision(
    session: AsyncSession, workspace_id: UUID, content_id: UUID, revision_id: UUID | None
) -> Revision:
    """That revision of that content, or its current one."""
    content = await repository.find(session, workspace_id, content_id)
    wanted = revision_id or content.revision_id
    return await repository.find_revision(session, workspace_id, content_id, wanted)


async def page_of_revisions(
    session: AsyncSession, workspace_id: UUID, content_id: UUID, *, below: int | None, limit: int
) -> list[Revision]:
    await require(session, workspace_id, content_id)
    return await repository.page_of_revisions(
        session, workspace_id, content_id, below=below, limit=limit
    )


async def _saved(session: AsyncSession, content: Content) -> Saved:
    revision = await repository.find_revision(
        session, content.workspace_id, content.id, content.revision_id
    )
    return Saved(content, revision)


def _revision(content: Content, body: str, attributes: dict[str, Any], by: str) -> Revision:
    """The content's current state as a revision. Numbers and versions rise together."""
    return Revision(
        workspace_id=content.workspace_id,
        id=content.revision_id,
        content_id=content.id,
        number=content.version,
        title=content.title,
        body=body,
        attributes=attributes,
        created_at=content.updated_at,
        created_by=by,
    )


async def _tell(session: AsyncSession, content: Content) -> None:
    saved = ContentSaved(
        workspace_id=content.workspace_id,
        content_id=content.id,
        title=content.title,
        version=content.version,
    )
    created = RevisionCreated(
        workspace_id=content.workspace_id,
        content_id=content.id,
        revision_id=content.revision_id,
        number=content.version,
        version=content.version,
    )
    for event in (saved, created):
        await outbox.add(session, event, workspace_id=content.workspace_id)
