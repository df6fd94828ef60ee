"""How often each source is heard. Record: it can be seen but not told again."""

from datetime import datetime
from typing import Any
from uuid import UUID

from mediaops_common.columns import Guid, Json, UtcDateTime
from sqlmodel import Field

from mediaops_ingest.database import IngestModel


class SourceRhythm(IngestModel, table=True):
    """What a source did in the last two weeks, and whether it is silent now."""

    __tablename__ = "source_rhythm"

    source_id: UUID = Field(primary_key=True, sa_type=Guid)
    workspace_id: UUID = Field(sa_type=Guid)
    channel_id: UUID = Field(sa_type=Guid)
    last_received_at: datetime = Field(sa_type=UtcDateTime)
    gaps: list[Any] = Field(sa_type=Json)
    """[day number, longest pause that ended on it, in seconds], oldest first."""
    silent_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """The last it was heard of, once that was noticed."""
