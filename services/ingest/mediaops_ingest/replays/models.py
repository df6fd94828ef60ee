"""Tables of replays. Record."""

from datetime import datetime
from typing import Any
from uuid import UUID

from mediaops_common.columns import BigInt, Guid, Json, UtcDateTime
from sqlalchemy import Column, Index, String
from sqlmodel import Field

from mediaops_ingest.database import IngestModel

__all__ = ["Replay"]


class Replay(IngestModel, table=True):
    """What came through a source, read again under its present mapping."""

    __tablename__ = "replay"
    __table_args__ = (Index("ix_replay_state", "state"),)

    id: UUID = Field(sa_column=Column("id", Guid, primary_key=True))
    workspace_id: UUID = Field(sa_column=Column("workspace_id", Guid, nullable=False))
    source_id: UUID = Field(sa_column=Column("source_id", Guid, nullable=False))
    shard: int
    received_from: datetime | None = Field(sa_column=Column("received_from", UtcDateTime))
    received_to: datetime | None = Field(sa_column=Column("received_to", UtcDateTime))
    delivery_ids: list[str] | None = Field(sa_column=Column("delivery_ids", Json, nullable=True))
    """Only these, where they were named."""
    state: str = Field(sa_column=Column("state", String(20), nullable=False))
    """queued → running → done | failed."""
    cursor: int = Field(sa_column=Column("cursor", BigInt, nullable=False))
    """The seq of the last delivery that was read again."""
    counts: dict[str, Any] = Field(sa_column=Column("counts", Json, nullable=False))
    error: str | None = Field(sa_column=Column("error", String(500)))
    created_by: str = Field(sa_column=Column("created_by", String(200), nullable=False))
    created_at: datetime = Field(sa_column=Column("created_at", UtcDateTime, nullable=False))
    finished_at: datetime | None = Field(sa_column=Column("finished_at", UtcDateTime))
