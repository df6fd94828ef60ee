"""The tables of numbered actors and of their days, for the metadata of any service."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table

from mediaops_common.columns import BigInt, Guid

__all__ = ["ALL", "AudienceTables", "audience_tables"]

ALL = UUID(int=0)
"""The channel that stands for all channels of a workspace: its bitmaps are written along with
theirs, so that numbers of the whole workspace never load every channel."""


@dataclass(frozen=True)
class AudienceTables:
    """Handles to the four tables."""

    actor: Table
    counter: Table
    bitmap: Table
    delta: Table


def audience_tables(metadata: MetaData) -> AudienceTables:
    """The audience's tables in this metadata; they are added to it the first time."""
    known = metadata.info.get("audience")
    if known is None:
        known = metadata.info["audience"] = _declare(metadata)
    assert isinstance(known, AudienceTables)
    return known


def _declare(metadata: MetaData) -> AudienceTables:
    return AudienceTables(
        # A digest of who it is → the ordinal. Clustered by the digest: one look-up is one page.
        actor=Table(
            "audience_actor",
            metadata,
            Column("generation", Integer, primary_key=True, autoincrement=False),
            Column("workspace_id", Guid, primary_key=True),
            Column("key", LargeBinary(16), primary_key=True),
            Column("ordinal", BigInt, nullable=False),
            sqlite_with_rowid=False,
        ),
        # The next ordinal of each workspace. It only rises.
        counter=Table(
            "audience_counter",
            metadata,
            Column("generation", Integer, primary_key=True, autoincrement=False),
            Column("workspace_id", Guid, primary_key=True),
            Column("next", BigInt, nullable=False),
        ),
        # Who was active on a channel on a local day, as far as it is folded together.
        bitmap=Table(
            "audience_bitmap",
            metadata,
            Column("generation", Integer, primary_key=True, autoincrement=False),
            Column("workspace_id", Guid, primary_key=True),
            Column("channel_id", Guid, primary_key=True),
            Column("day", Integer, primary_key=True, autoincrement=False),
            Column("bits", LargeBinary, nullable=False),
            Index("ix_audience_bitmap_day", "generation", "workspace_id", "day"),
        ),
        # What batches added since. A table apart, because beside the large bitmaps every small row
        # would rewrite a page of its own; here those of one batch lie together.
        delta=Table(
            "audience_delta",
            metadata,
            Column("id", BigInt, primary_key=True, autoincrement=True),
            Column("generation", Integer, nullable=False),
            Column("workspace_id", Guid, nullable=False),
            Column("channel_id", Guid, nullable=False),
            Column("day", Integer, nullable=False),
            Column("bits", LargeBinary, nullable=False),
            Index("ix_audience_delta_key", "generation", "workspace_id", "channel_id", "day"),
        ),
    )
