"""What platforms reported."""

from typing import Any

from mediaops_common.columns import BigInt, Guid, UtcDateTime
from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from mediaops_insights.database import METADATA

__all__ = ["COVERED", "PLACE", "SNAPSHOT"]

PLACE = ("generation", "workspace_id", "channel_id", "content", "metric", "kind", "at")


def _place(*, is_key: bool) -> list[Column[Any]]:
    """What a report speaks of."""
    named: dict[str, Any] = {"primary_key": True} if is_key else {"nullable": False}
    return [
        Column("channel_id", Guid, **named),
        # Empty: the channel's own counter.
        Column("content", Text, **named),
        Column("metric", String(80), **named),
        Column("kind", String(20), **named),
        # Microseconds since 1970 of `as_of`; of a daily report its day number.
        Column("at", BigInt, autoincrement=False, **named),
    ]


def _said() -> list[Column[Any]]:
    return [
        # The local day it speaks of.
        Column("day", Integer, nullable=False),
        Column("as_of", UtcDateTime, nullable=False),
        Column("value", BigInt, nullable=False),
        Column("is_retracted", Boolean, nullable=False),
    ]


# One row per place: the report that stands there or, hidden, the last that did. Projection.
SNAPSHOT = Table(
    "snapshot_fact",
    METADATA,
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("workspace_id", Guid, primary_key=True),
    *_place(is_key=True),
    *_said(),
    Column("snapshot_id", Guid, nullable=False),
    # Of its event in the lane of its channel: what has the higher one was said later.
    Column("number", BigInt, nullable=False, server_default="0"),
    # Changes that became known after the day was final.
    Column("corrections", BigInt, nullable=False),
    Index("ix_snapshot_fact_day", "generation", "workspace_id", "metric", "day"),
    # By the id alone: SQLite takes what the key begins with for as good as more of an index.
    Index("ix_snapshot_fact_snapshot_id", "snapshot_id"),
    sqlite_with_rowid=False,
)

# One row per report that does not stand: another came over it at its place, and it stands again
# when that one goes; or it was taken back. Apart from those that stand, so that nobody who reads
# numbers has to tell them apart. Projection.
COVERED = Table(
    "snapshot_covered",
    METADATA,
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("workspace_id", Guid, primary_key=True),
    Column("snapshot_id", Guid, primary_key=True),
    *_place(is_key=False),
    *_said(),
    Column("number", BigInt, nullable=False),
    Index("ix_snapshot_covered_place", *PLACE),
    sqlite_with_rowid=False,
)
