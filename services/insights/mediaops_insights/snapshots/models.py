"""What platforms reported."""

from mediaops_common.columns import BigInt, Guid, UtcDateTime
from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from mediaops_insights.database import METADATA

__all__ = ["SNAPSHOT"]

# One row per report; a correction replaces its value, a retraction hides it. Projection.
SNAPSHOT = Table(
    "snapshot_fact",
    METADATA,
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("workspace_id", Guid, primary_key=True),
    Column("channel_id", Guid, primary_key=True),
    # Empty: the channel's own counter.
    Column("content", Text, primary_key=True),
    Column("metric", String(80), primary_key=True),
    Column("kind", String(20), primary_key=True),
    # Microseconds since 1970 of `as_of`; of a daily report its day number.
    Column("at", BigInt, primary_key=True, autoincrement=False),
    # The local day it speaks of.
    Column("day", Integer, nullable=False),
    Column("as_of", UtcDateTime, nullable=False),
    Column("value", BigInt, nullable=False),
    Column("snapshot_id", Guid, nullable=False),
    Column("is_retracted", Boolean, nullable=False),
    # Changes that became known after the day was final.
    Column("corrections", BigInt, nullable=False),
    Index("ix_snapshot_fact_day", "generation", "workspace_id", "metric", "day"),
    sqlite_with_rowid=False,
)
