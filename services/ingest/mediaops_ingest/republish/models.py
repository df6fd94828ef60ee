"""Tables of republications for rebuilds. Record."""

from datetime import datetime
from uuid import UUID

from mediaops_common.columns import Guid, Json, UtcDateTime
from sqlalchemy import Column, String
from sqlmodel import Field

from mediaops_ingest.database import IngestModel

__all__ = ["Republication"]


class Republication(IngestModel, table=True):
    """The archive, published once more on a rebuild's own topics."""

    __tablename__ = "republication"

    id: UUID = Field(sa_column=Column("id", Guid, primary_key=True))
    service: str = Field(sa_column=Column("service", String(40), nullable=False))
    topic: str = Field(sa_column=Column("topic", String(80), nullable=False))
    state: str = Field(sa_column=Column("state", String(20), nullable=False))
    """queued → running → done."""
    ends: dict[str, int] = Field(sa_column=Column("ends", Json, nullable=False))
    """The last chunk of each shard when it began: shard → chunk."""
    cursor: dict[str, int] = Field(sa_column=Column("cursor", Json, nullable=False))
    """The last chunk of each shard that was published."""
    created_at: datetime = Field(sa_column=Column("created_at", UtcDateTime, nullable=False))
