"""Leases of topics at a hub. Record: without it every topic is asked for once more."""

from datetime import datetime
from uuid import UUID

from mediaops_common.columns import BigInt, Guid, UtcDateTime
from sqlalchemy import Column, Index, Text
from sqlmodel import Field

from mediaops_ingest.database import IngestModel

__all__ = ["HubLease"]


class HubLease(IngestModel, table=True):
    """One topic of one source."""

    __tablename__ = "hub_lease"
    __table_args__ = (Index("ix_hub_lease_ask_at", "ask_at"),)

    id: UUID = Field(primary_key=True, sa_type=Guid)
    """Follows from source and topic."""
    workspace_id: UUID = Field(sa_type=Guid)
    source_id: UUID = Field(sa_type=Guid, index=True)
    topic: str = Field(sa_column=Column("topic", Text, nullable=False))
    state: str = Field(max_length=20)
    """waiting → asked → granted; denied and unreachable by the hub's or our own word."""
    reason: str = Field(max_length=300)
    source_version: int = Field(sa_type=BigInt)
    """Of the source when it was last asked for: another secret or address asks anew."""
    attempts: int
    """Since the hub last granted it."""
    asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ends_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ask_at: datetime = Field(sa_type=UtcDateTime)
    """When it is asked for next."""
