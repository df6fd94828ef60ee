"""Tables of what became of deliveries and items."""

from datetime import datetime
from typing import Any
from uuid import UUID

from mediaops_common.columns import BigInt, Bytes, Guid, Json, UtcDateTime
from sqlalchemy import Column, Index, Integer, String, text
from sqlmodel import Field

from mediaops_ingest.database import IngestModel

__all__ = ["DedupKey", "Delivery", "SourceDay", "SourceDayPart"]


class Delivery(IngestModel, table=True):
    """What became of one delivery (record, kept 400 days)."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_workspace_id_seq", "workspace_id", "seq"),
        Index("ix_delivery_source_id_seq", "source_id", "seq"),
    )

    id: UUID = Field(sa_column=Column("id", Guid, primary_key=True))
    seq: int = Field(sa_column=Column("seq", BigInt, nullable=False))
    workspace_id: UUID = Field(sa_column=Column("workspace_id", Guid, nullable=False))
    source_id: UUID = Field(sa_column=Column("source_id", Guid, nullable=False))
    channel_id: UUID | None = Field(sa_column=Column("channel_id", Guid, nullable=True))
    shard: int = Field(sa_column=Column("shard", Integer, nullable=False))
    received_at: datetime = Field(sa_column=Column("received_at", UtcDateTime, nullable=False))
    status: str = Field(sa_column=Column("status", String(20), nullable=False))
    reason: str | None = Field(sa_column=Column("reason", String(500), nullable=True))
    received: int
    normalised: int
    duplicates: int
    conflicts: int
    rejected: int
    failed: int
    unmapped: int
    mapping_revision: int
    chunks: list[int] = Field(sa_column=Column("chunks", Json, nullable=False))
    """The chunks of its shard in which its events and their retractions lie."""
    notes: list[Any] = Field(sa_column=Column("notes", Json, nullable=False))
    """[item, outcome, detail] of the items that are rejected, failed or in conflict; after the
    first 100 the detail is the reason alone."""


class DedupKey(IngestModel, table=True):
    """A key that was seen, with the digest it was first seen with (record, kept 400 days)."""

    __tablename__ = "dedup_key"

    key: bytes = Field(sa_column=Column("key", Bytes, primary_key=True))
    digest: bytes = Field(sa_column=Column("digest", Bytes, nullable=False))
    adapter: str = Field(sa_column=Column("adapter", String(40), nullable=False))
    seq: int = Field(sa_column=Column("seq", BigInt, nullable=False))
    """The delivery that owns it."""
    item: int = Field(sa_column=Column("item", Integer, nullable=False))


class SourceDay(IngestModel, table=True):
    """Permanent counters of one source and local day of receipt (record)."""

    __tablename__ = "source_day"
    __table_args__ = (
        Index("ix_source_day_workspace_id_day", "workspace_id", "day"),
        Index(
            "ix_source_day_untold",
            "source_id",
            "day",
            sqlite_where=text("version > told"),
            postgresql_where=text("version > told"),
        ),
    )

    source_id: UUID = Field(sa_column=Column("source_id", Guid, primary_key=True))
    day: int = Field(sa_column=Column("day", Integer, primary_key=True))
    workspace_id: UUID = Field(sa_column=Column("workspace_id", Guid, nullable=False))
    channel_id: UUID | None = Field(sa_column=Column("channel_id", Guid, nullable=True))
    deliveries: int = Field(sa_column=Column("deliveries", BigInt, nullable=False))
    received: int = Field(sa_column=Column("received", BigInt, nullable=False))
    normalised: int = Field(sa_column=Column("normalised", BigInt, nullable=False))
    duplicates: int = Field(sa_column=Column("duplicates", BigInt, nullable=False))
    conflicts: int = Field(sa_column=Column("conflicts", BigInt, nullable=False))
    rejected: int = Field(sa_column=Column("rejected", BigInt, nullable=False))
    failed: int = Field(sa_column=Column("failed", BigInt, nullable=False))
    unmapped: int = Field(sa_column=Column("unmapped", BigInt, nullable=False))
    activities: int = Field(sa_column=Column("activities", BigInt, nullable=False))
    retractions: int = Field(sa_column=Column("retractions", BigInt, nullable=False))
    snapshots: int = Field(sa_column=Column("snapshots", BigInt, nullable=False))
    late: int = Field(sa_column=Column("late", BigInt, nullable=False, server_default="0"))
    """Activities that came after the platform's lateness."""
    newest_received_at: datetime = Field(
        sa_column=Column("newest_received_at", UtcDateTime, nullable=False)
    )
    newest_occurred: int = Field(
        sa_column=Column("newest_occurred", BigInt, nullable=False, server_default="0")
    )
    """The newest time of an activity, but none after its receipt; Unix seconds, 0 before the first.
    """
    version: int = Field(sa_column=Column("version", BigInt, nullable=False))
    """How often it was added to: rises with every change."""
    told: int = Field(sa_column=Column("told", BigInt, nullable=False, server_default="0"))
    """The version that the other services were told last."""


class SourceDayPart(IngestModel, table=True):
    """What a counter of one source and local day of receipt is made of (record): why items were
    refused, and how long after they happened activities came."""

    __tablename__ = "source_day_part"
    __table_args__ = (Index("ix_source_day_part_workspace_id_day", "workspace_id", "day"),)

    source_id: UUID = Field(sa_column=Column("source_id", Guid, primary_key=True))
    day: int = Field(sa_column=Column("day", Integer, primary_key=True))
    kind: str = Field(sa_column=Column("kind", String(20), primary_key=True))
    """`rejected`, `failed` or `delay`."""
    name: str = Field(sa_column=Column("name", String(40), primary_key=True))
    """The reason, or the number of the bucket."""
    workspace_id: UUID = Field(sa_column=Column("workspace_id", Guid, nullable=False))
    items: int = Field(sa_column=Column("items", BigInt, nullable=False))
