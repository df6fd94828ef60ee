"""Contents and revisions: records, backed up, kept for ever."""

from datetime import datetime
from typing import Any
from uuid import UUID

from mediaops_common.columns import BigInt, Guid, Json, UtcDateTime
from sqlalchemy import ForeignKeyConstraint, Text, UniqueConstraint
from sqlmodel import Field

from mediaops_content.database import ContentModel


class Content(ContentModel, table=True):
    """The thing made. Its text lives in revisions; here stands what lists and searches need."""

    __tablename__ = "content"

    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    id: UUID = Field(primary_key=True, sa_type=Guid)
    title: str = Field(max_length=300)
    title_folded: str = Field(sa_type=Text)
    """The title as searches compare it (`service.folded`), since the databases fold differently."""
    version: int = Field(sa_type=BigInt)
    revision_id: UUID = Field(sa_type=Guid)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str = Field(max_length=200)


class Revision(ContentModel, table=True):
    """A state of a content, saved for ever: inserted once, never updated."""

    __tablename__ = "revision"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "content_id"], ["content.workspace_id", "content.id"]
        ),
        UniqueConstraint("workspace_id", "content_id", "number"),
    )

    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    id: UUID = Field(primary_key=True, sa_type=Guid)
    content_id: UUID = Field(sa_type=Guid)
    number: int
    title: str = Field(max_length=300)
    body: str = Field(sa_type=Text)
    attributes: dict[str, Any] = Field(sa_type=Json)
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str = Field(max_length=200)
