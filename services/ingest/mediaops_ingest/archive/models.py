"""Tables of the archive: chunks in numbering order, marks, and where each shard stands."""

from datetime import datetime
from uuid import UUID

from mediaops_common.columns import BigInt, Bytes, Guid, UtcDateTime
from mediaops_common.room import ROOM
from sqlalchemy import Column, Index, Integer, String
from sqlmodel import Field

from mediaops_ingest.database import IngestModel

__all__ = ["MARK_EVERY", "ArchiveChunk", "ArchiveLane", "ArchiveMark", "Shard"]

MARK_EVERY = 500
"""Chunks from one mark to the next: so many are published again in vain when a number is looked
for, and a mark takes a kilobyte."""


class ArchiveChunk(IngestModel, table=True):
    """Records of one channel from one transaction of the normaliser (record, kept for ever)."""

    __tablename__ = "archive_chunk"
    __table_args__ = (
        Index(
            "ix_archive_chunk_channel_occurred",
            "workspace_id",
            "channel_id",
            "last_occurred",
            "first_occurred",
        ),
    )

    shard: int = Field(primary_key=True)
    chunk: int = Field(sa_column=Column("chunk", BigInt, primary_key=True))
    workspace_id: UUID = Field(sa_column=Column("workspace_id", Guid, nullable=False))
    channel_id: UUID = Field(sa_column=Column("channel_id", Guid, nullable=False))
    first_occurred: datetime = Field(
        sa_column=Column("first_occurred", UtcDateTime, nullable=False)
    )
    last_occurred: datetime = Field(sa_column=Column("last_occurred", UtcDateTime, nullable=False))
    through: datetime = Field(sa_column=Column("through", UtcDateTime, nullable=False))
    """The `received_at` of the newest delivery before which the shard had normalised everything."""
    count: int = Field(sa_column=Column("count", Integer, nullable=False))
    records: bytes = Field(sa_column=Column("records", Bytes, nullable=False))


class ArchiveLane(IngestModel, table=True):
    """The newest number of each lane of a shard, packed by slot (record)."""

    __tablename__ = "archive_lane"
    __table_args__ = ROOM

    shard: int = Field(primary_key=True)
    topic: str = Field(sa_column=Column("topic", String(80), primary_key=True))
    numbers: bytes = Field(sa_column=Column("numbers", Bytes, nullable=False))


class ArchiveMark(IngestModel, table=True):
    """The newest number of each lane of a shard, packed by slot, as it was behind a chunk (record).

    A lane's numbers rise with the chunks, and marks can be halved until the one before a number is
    found; chunks cannot, for most hold nothing of a lane.
    """

    __tablename__ = "archive_mark"

    shard: int = Field(primary_key=True)
    chunk: int = Field(sa_column=Column("chunk", BigInt, primary_key=True))
    topic: str = Field(sa_column=Column("topic", String(80), primary_key=True))
    numbers: bytes = Field(sa_column=Column("numbers", Bytes, nullable=False))


class Shard(IngestModel, table=True):
    """Where one shard stands: what it has read, numbered and published (record)."""

    __tablename__ = "shard"

    shard: int = Field(primary_key=True)
    cursor: int = Field(sa_column=Column("cursor", BigInt, nullable=False))
    """The seq of the last delivery that was read."""
    next_chunk: int = Field(sa_column=Column("next_chunk", BigInt, nullable=False))
    published: int = Field(sa_column=Column("published", BigInt, nullable=False))
    """The last chunk that the bus has acknowledged."""
