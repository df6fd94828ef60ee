"""What content says of contents and publications (`mediaops.content`)."""

from datetime import datetime
from uuid import UUID

from mediaops_common.events.base import Event, Topic, event

__all__ = ["ContentSaved", "PublicationRegistered", "RevisionCreated"]


@event("content.content.saved", 1, Topic.content, key="content_id", is_state=True)
class ContentSaved(Event, frozen=True, kw_only=True):
    """A content was made or changed."""

    workspace_id: UUID
    content_id: UUID
    title: str
    version: int


@event("content.revision.created", 1, Topic.content, key="content_id")
class RevisionCreated(Event, frozen=True, kw_only=True):
    """A state of a content was saved for ever."""

    workspace_id: UUID
    content_id: UUID
    revision_id: UUID
    number: int
    version: int


@event("content.publication.registered", 1, Topic.content, key="publication_id", is_state=True)
class PublicationRegistered(Event, frozen=True, kw_only=True):
    """One revision is known to be live on one channel under the platform's own id."""

    workspace_id: UUID
    publication_id: UUID
    content_id: UUID
    revision_id: UUID
    channel_id: UUID
    external_id: str
    title: str
    published_at: datetime
    version: int
