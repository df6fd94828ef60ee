"""The accounts of a workspace. Record."""

from datetime import datetime
from uuid import UUID

from mediaops_common.columns import BigInt, Guid, Json, UtcDateTime
from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field

from mediaops_ingest.database import IngestModel


class Channel(IngestModel, table=True):
    """One account on a platform."""

    __tablename__ = "channel"
    __table_args__ = (UniqueConstraint("workspace_id", "platform", "external_id"),)

    id: UUID = Field(primary_key=True, sa_type=Guid)
    workspace_id: UUID = Field(sa_type=Guid)
    platform: str = Field(max_length=40)
    external_id: str = Field(max_length=200)
    name: str = Field(max_length=200)
    owner_kind: str = Field(max_length=20)
    app_id: str | None = Field(default=None, max_length=200)
    """The app whose ids its people have, on platforms where ids belong to apps. Fixed: another
    app would make other people of the same ids."""
    verticals: list[str] = Field(
        default_factory=list,
        sa_column=Column("verticals", Json, nullable=False, server_default="[]"),
    )
    """The niches (垂直领域) it is about."""
    operators: list[str] = Field(
        default_factory=list,
        sa_column=Column("operators", Json, nullable=False, server_default="[]"),
    )
    """The subjects of the people who run it."""
    version: int = Field(sa_type=BigInt)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
