"""Publications: records, backed up, kept for ever."""

from datetime import datetime
from uuid import UUID

from mediaops_common.columns import BigInt, Guid, UtcDateTime
from mediaops_common.lengths import LONGEST_PUBLISHED_ID
from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from mediaops_content.database import ContentModel


class Publication(ContentModel, table=True):
    """One revision on one channel, live under the platform's own id."""

    __tablename__ = "publication"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "revision_id"], ["revision.workspace_id", "revision.id"]
        ),
        UniqueConstraint("workspace_id", "channel_id", "external_id"),
        Index("ix_publication_workspace_id_content_id", "workspace_id", "content_id"),
    )

    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    id: UUID = Field(primary_key=True, sa_type=Guid)
    content_id: UUID = Field(sa_type=Guid)
    revision_id: UUID = Field(sa_type=Guid)
    channel_id: UUID = Field(sa_type=Guid)
    external_id: str = Field(max_length=LONGEST_PUBLISHED_ID)
    title: str = Field(max_length=300)
    published_at: datetime = Field(sa_type=UtcDateTime)
    url: str | None = Field(default=None, max_length=2000)
    version: int = Field(sa_type=BigInt)
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str = Field(max_length=200)
