"""The items of each source by day received and outcome."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from mediaops_common.columns import BigInt, Guid, UtcDateTime
from sqlalchemy import Index
from sqlmodel import Field

from mediaops_insights.database import InsightsModel

__all__ = ["SourceDay"]


class SourceDay(InsightsModel, table=True):
    """What one source received on one local day, as of `version`. Projection of ingest's events."""

    __tablename__ = "source_day"
    __table_args__: ClassVar[Any] = (
        Index("ix_source_day_workspace_id_day", "workspace_id", "day"),
    )

    workspace_id: UUID = Field(primary_key=True, sa_type=Guid)
    source_id: UUID = Field(primary_key=True, sa_type=Guid)
    day: int = Field(primary_key=True)
    channel_id: UUID | None = Field(default=None, sa_type=Guid)
    deliveries: int = Field(sa_type=BigInt)
    received: int = Field(sa_type=BigInt)
    normalised: int = Field(sa_type=BigInt)
    duplicates: int = Field(sa_type=BigInt)
    conflicts: int = Field(sa_type=BigInt)
    rejected: int = Field(sa_type=BigInt)
    failed: int = Field(sa_type=BigInt)
    pending: int = Field(sa_type=BigInt)
    newest_received_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = Field(sa_type=BigInt)
