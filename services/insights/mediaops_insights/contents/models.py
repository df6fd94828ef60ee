"""The publications that content has told of."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from mediaops_common.columns import BigInt, Guid, UtcDateTime
from sqlalchemy import Index
from sqlmodel import Field

from mediaops_insights.database import InsightsModel

__all__ = ["Publication"]


class Publication(InsightsModel, table=True):
    """One of our contents under an external id, as of `version`. Projection of content's events."""

    __tablename__ = "publication"
    __table_args__: ClassVar[Any] = (
        Index("ix_publication_place", "workspace_id", "external_id", "channel_id"),
    )

    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    publication_id: UUID = Field(primary_key=True, sa_type=Guid)
    content_id: UUID = Field(sa_type=Guid)
    revision_id: UUID = Field(sa_type=Guid)
    channel_id: UUID = Field(sa_type=Guid)
    external_id: str = Field(max_length=1000)
    title: str
    published_at: datetime = Field(sa_type=UtcDateTime)
    version: int = Field(sa_type=BigInt)
