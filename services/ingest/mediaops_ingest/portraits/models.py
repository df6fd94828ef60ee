"""Audience portraits as they were given. Record."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from mediaops_common.columns import Guid, Json, UtcDateTime
from sqlalchemy import Date, UniqueConstraint
from sqlmodel import Field

from mediaops_ingest.database import IngestModel


class Portrait(IngestModel, table=True):
    """The audience of a channel on a day. Never changed: a correction is a further revision."""

    __tablename__ = "portrait"
    __table_args__ = (UniqueConstraint("workspace_id", "channel_id", "day", "revision"),)

    id: UUID = Field(primary_key=True, sa_type=Guid)
    workspace_id: UUID = Field(sa_type=Guid)
    channel_id: UUID = Field(sa_type=Guid)
    day: date = Field(sa_type=Date)
    revision: int
    note: str | None = Field(default=None, max_length=500)
    """Where it is from, or why a dimension is empty: platforms ask for a minimum of followers."""
    lines: list[Any] = Field(sa_type=Json)
    """[dimension, item, share, TGI or null], in the order they were given."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str = Field(max_length=200)
