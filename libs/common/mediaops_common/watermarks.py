"""Watermarks and grades: up to when everything that was received has been applied."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import func, literal, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.events import Topic
from mediaops_common.ids import shard_of
from mediaops_common.platforms import lateness
from mediaops_common.tables import SpineTables
from mediaops_common.zones import day_end, day_of

__all__ = ["NEVER", "Grade", "grade_of_day", "is_correction", "shard_watermarks"]

Grade = Literal["final", "provisional"]

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


async def shard_watermarks(session: AsyncSession, group: str) -> dict[int, datetime]:
    """Per ingest shard: the `received_at` up to which `group` has applied everything.

    While ingest is idle it follows the clock, so that a silent source delays nothing. A shard of
    which the group has heard nothing is absent: nothing is known to be complete.
    """
    tables: SpineTables = session.info["tables"]
    heads = tables.heads
    connection = await session.connection()
    never = literal(NEVER, heads.c.applied_through.type)
    slowest = func.min(func.coalesce(heads.c.applied_through, never)).label("slowest")
    rows = await connection.execute(
        select(heads.c.shard, slowest)
        .where(
            heads.c.group == group,
            heads.c.producer == "ingest",
            heads.c.topic.in_([str(Topic.activity), str(Topic.snapshot)]),
        )
        .group_by(heads.c.shard)
    )
    return {row.shard: row.slowest for row in rows}


def grade_of_day(
    day: date,
    timezone: str,
    channels: Iterable[tuple[UUID, str]],
    watermarks: dict[int, datetime],
) -> Grade:
    """`final` when every contributing channel's watermark has passed the day's end plus the
    platform's lateness allowance; a number over several channels waits for the slowest.

    `channels` are (channel id, platform). Without channels nobody has promised anything, and the
    watermarks of other workspaces say nothing of this one: provisional.
    """
    end = day_end(day, timezone)
    contributing = list(channels)
    for channel_id, platform in contributing:
        if watermarks.get(shard_of(channel_id), NEVER) < end + lateness(platform):
            return "provisional"
    return "final" if contributing else "provisional"


def is_correction(occurred_at: datetime, known_at: datetime, platform: str, timezone: str) -> bool:
    """Whether something that became known at `known_at` changed a day that was final by then.

    It depends on the event alone, so that a rebuild counts the same corrections.
    """
    day = day_of(occurred_at, timezone)
    return known_at > day_end(day, timezone) + lateness(platform)
