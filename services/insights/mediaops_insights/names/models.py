"""Numbered names. A rollup row is then a few small integers, and its key is cheap to compare."""

from enum import IntEnum

from mediaops_common.columns import BigInt, Guid
from sqlalchemy import Column, Index, SmallInteger, Table, Text, UniqueConstraint

from mediaops_insights.database import METADATA

__all__ = ["CONTENT", "NAME", "Kind"]


class Kind(IntEnum):
    """What a name is the name of."""

    workspace = 0
    channel = 1
    type = 2
    region = 3


# Written once and never changed, whatever becomes of the rollups: a rebuild uses the same numbers.
# Both tables are records, 0 stands for "none" and is never given.
NAME = Table(
    "name",
    METADATA,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("kind", SmallInteger, nullable=False),
    Column("text", Text, nullable=False),
    UniqueConstraint("kind", "text"),
)

# One external content on one channel: the same id on two channels is two contents.
CONTENT = Table(
    "external_content",
    METADATA,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("workspace_id", Guid, nullable=False),
    Column("channel_id", Guid, nullable=False),
    Column("external_id", Text, nullable=False),
    UniqueConstraint("workspace_id", "external_id", "channel_id"),
    Index("ix_external_content_workspace_id_id", "workspace_id", "id"),
)
