"""The rollup tables: one row for each cell that ever counted anything."""

from enum import IntEnum

from mediaops_common.columns import BigInt
from mediaops_common.room import ROOM
from mediaops_common.row_security import REACH
from sqlalchemy import Column, Integer, SmallInteger, String, Table

from mediaops_insights.database import METADATA
from mediaops_insights.names.models import Kind

__all__ = [
    "COUNTS",
    "KEY",
    "MONEY",
    "MONEY_COUNTS",
    "MONEY_KEY",
    "NEWEST",
    "NEWEST_NAMES",
    "ROLLUPS",
    "Level",
]


class Level(IntEnum):
    """What a row is told apart by, beside its type.

    A level holds only what has its names: a content's row says nothing of activities without
    content. "Without" is what the level above holds beyond the level below, so that the many
    events without a region cost no second row.
    """

    workspace = 0
    """Everything."""
    channel = 1
    """Everything, by channel."""
    content = 2
    """What has a content, by channel and content."""
    region = 3
    """What has a region, by channel, content (or none) and region."""
    wide_region = 4
    """What has a region, by region alone: few rows, for the workspace as a whole."""


ROW_SECURITY = {
    "row_security": f"{REACH} = '*' OR workspace ="
    f" (SELECT id FROM name WHERE kind = {int(Kind.workspace)} AND text = {REACH})"
}
"""The number of a workspace is that of its id's name."""

KEY = ("generation", "workspace", "level", "bucket", "channel", "content", "type", "region")
COUNTS = ("n", "total", "corrections", "late", "retracted")


def _rollup(name: str, *beside: str) -> Table:
    """Names are numbers of the feature `names`; 0 is "none", or not told apart at this level.

    The workspace leads, then time: a batch of live events writes few pages that lie together, and
    nothing of another workspace is ever read.
    """
    return Table(
        name,
        METADATA,
        Column("generation", Integer, primary_key=True, autoincrement=False),
        Column("workspace", BigInt, primary_key=True, autoincrement=False),
        Column("level", SmallInteger, primary_key=True, autoincrement=False),
        Column("bucket", Integer, primary_key=True, autoincrement=False),
        Column("channel", BigInt, primary_key=True, autoincrement=False),
        Column("content", BigInt, primary_key=True, autoincrement=False),
        Column("type", BigInt, primary_key=True, autoincrement=False),
        Column("region", BigInt, primary_key=True, autoincrement=False),
        *(Column(name, Integer, nullable=False) for name in beside),
        # Activities that stand, one each whatever their `count`.
        Column("n", BigInt, nullable=False, default=0),
        # The sum of their `count`.
        Column("total", BigInt, nullable=False, default=0),
        # Changes that became known after the day was final.
        Column("corrections", BigInt, nullable=False, default=0),
        # Activities received after their day had ended, retracted or not.
        Column("late", BigInt, nullable=False, default=0),
        # Activities taken back: n + retracted is what was ever counted.
        Column("retracted", BigInt, nullable=False, default=0),
        sqlite_with_rowid=False,
        info=ROW_SECURITY,
        **ROOM,
    )


ROLLUPS: dict[str, Table] = {
    # Bucket: minutes since 1970, UTC. Kept 14 days.
    "minute": _rollup("rollup_minute"),
    # Bucket: the minute since 1970 at which the workspace's local hour begins. Kept 400 days.
    "hour": _rollup("rollup_hour"),
    # Bucket: days since 1970 in the workspace's zone. Kept for ever.
    "day": _rollup("rollup_day"),
    # Bucket: 0. Contents since they were first met, so that a page of contents reads no history.
    "ever": _rollup("rollup_ever"),
}
"""Projections, by granularity."""

# What the tables above do not hold yet of minutes that are not over: a row is written once a batch
# and not once for each of its minute, hour, day and all time. Every answer is the sum of both. The
# buckets of its hour and day stand in the row, as its activities told them.
NEWEST = _rollup("rollup_newest", "hour", "day")

NEWEST_NAMES = (*KEY[:4], "hour", "day", *KEY[4:])

MONEY_KEY = (
    "generation",
    "workspace",
    "bucket",
    "currency",
    "channel",
    "content",
    "type",
    "region",
)
MONEY_COUNTS = ("n", "amount", "corrections", "late", "retracted")


def _money(name: str) -> Table:
    return Table(
        name,
        METADATA,
        Column("generation", Integer, primary_key=True, autoincrement=False),
        Column("workspace", BigInt, primary_key=True, autoincrement=False),
        Column("bucket", Integer, primary_key=True, autoincrement=False),
        Column("currency", String(16), primary_key=True),
        Column("channel", BigInt, primary_key=True, autoincrement=False),
        Column("content", BigInt, primary_key=True, autoincrement=False),
        Column("type", BigInt, primary_key=True, autoincrement=False),
        Column("region", BigInt, primary_key=True, autoincrement=False),
        Column("n", BigInt, nullable=False, default=0),
        # Minor units; currencies are never added to one another.
        Column("amount", BigInt, nullable=False, default=0),
        Column("corrections", BigInt, nullable=False, default=0),
        Column("late", BigInt, nullable=False, default=0),
        Column("retracted", BigInt, nullable=False, default=0),
        sqlite_with_rowid=False,
        info=ROW_SECURITY,
        **ROOM,
    )


MONEY: dict[str, Table] = {"hour": _money("money_hour"), "day": _money("money_day")}
"""Projections: activities that carry money, by granularity."""
