"""Puts the overview together from what the other features know."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from mediaops_common.ids import shard_of
from mediaops_common.watermarks import NEVER, shard_watermarks
from mediaops_common.zones import day_of, day_start, number_of, zone
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.audience import service as audience
from mediaops_insights.fast import GROUP
from mediaops_insights.metrics import service as metrics
from mediaops_insights.overview import repository
from mediaops_insights.overview.attention import attention
from mediaops_insights.overview.schemas import (
    AudienceRead,
    FreshnessRead,
    NewestRead,
    OverviewMetricRead,
    OverviewRead,
    QualityRead,
)
from mediaops_insights.quality import service as quality
from mediaops_insights.registry import service as registry
from mediaops_insights.rollups import service as rollups

__all__ = ["overview"]

SHOWN = (
    "activities",
    "active_actors",
    "views",
    "engagements",
    "likes",
    "comments",
    "shares",
    "favourites",
    "follows",
    "unfollows",
    "followers_net",
    "followers_reported",
    "views_reported",
    "engagement_rate_by_views",
    "revenue",
)

SILENCE_DAYS = 9
NEWEST = 10
OUTCOMES = tuple(QualityRead.model_fields)


async def overview(
    session: AsyncSession, workspace_id: UUID, timezone: str, now: datetime
) -> OverviewRead:
    """The state of the workspace at this moment."""
    day = day_of(now, timezone)
    today = number_of(day)
    channels = await registry.channels(session, workspace_id)
    sources = await quality.days(session, workspace_id, today, today)
    people = await audience.days(session, workspace_id, today - 1, today)
    freshness = await _freshness(session, workspace_id, channels, now)
    active_days = await _active_days(session, workspace_id, today)
    parked = await repository.parked_count(session, workspace_id)
    return OverviewRead(
        day=day,
        timezone=timezone,
        now=now,
        metrics=await _metrics(session, workspace_id, timezone, now, channels),
        audience_today=_people(people.get(today), day),
        audience_yesterday=_people(people.get(today - 1), day - timedelta(days=1)),
        quality=QualityRead(
            **{name: sum(getattr(row, name) for row in sources) for name in OUTCOMES}
        ),
        freshness=freshness,
        newest=await _newest(session, workspace_id, now, channels),
        attention=attention(channels, active_days, today, sources, freshness, parked),
    )


async def _metrics(
    session: AsyncSession,
    workspace_id: UUID,
    timezone: str,
    now: datetime,
    channels: Iterable[registry.KnownChannel],
) -> list[OverviewMetricRead]:
    day = day_of(now, timezone).isoformat()
    selection = metrics.Selection(
        workspace_id, timezone, now, {row.channel_id: row for row in channels}
    )
    wanted = metrics.wanted_metrics(SHOWN)
    shown = metrics.periods("day", day, day, timezone, now)
    before = metrics.compared("previous_period", shown, timezone)
    question = metrics.Question(wanted, shown, before, selection, max_cells=1_000)
    so_far = await _so_far(session, selection, wanted)
    by_name = {metric.name: metric for metric in wanted}
    return [
        _shown(by_name[cell["metric"]], cell, so_far.get(cell["metric"]))
        for cell in await metrics.answer(session, question)
    ]


def _shown(metric: metrics.Metric, cell: metrics.Cell, so_far: int | None) -> OverviewMetricRead:
    today, yesterday = cell["value"], cell["compare"]["value"]
    before = yesterday if so_far is None else so_far
    return OverviewMetricRead(
        metric=metric.name,
        name_zh=metric.name_zh,
        unit=metric.unit,
        currency=cell.get("currency"),
        today=today,
        yesterday=yesterday,
        yesterday_so_far=so_far,
        change=(today - before) / before if before and today is not None else None,
        grade=cell["grade"],
    )


async def _so_far(
    session: AsyncSession, selection: metrics.Selection, wanted: Iterable[metrics.Metric]
) -> dict[str, int]:
    """Sums over activities of yesterday, up to the same local time."""
    timezone = selection.timezone
    local = selection.now.astimezone(zone(timezone))
    yesterday = day_start(selection.today - timedelta(days=1), timezone)
    end = (local - timedelta(days=1)).replace(fold=0).astimezone(UTC)
    tallied = {
        metric.name: metric.measure
        for metric in wanted
        if isinstance(metric.measure, metrics.Tallied)
    }
    span = metrics.minutes(yesterday, end, timezone)
    read = await metrics.read_tallied(session, selection, span, tallied)
    return {
        name: sum(number.value or 0 for places in series.values() for number in places.values())
        for name, series in read.items()
    }


def _people(row: audience.AudienceDay | None, day: Any) -> AudienceRead | None:
    if row is None:
        return None
    return AudienceRead(day=day, dau=row.dau, wau=row.wau, mau=row.mau, new=row.new)


async def _freshness(
    session: AsyncSession,
    workspace_id: UUID,
    channels: Iterable[registry.KnownChannel],
    now: datetime,
) -> FreshnessRead:
    applied = await quality.newest_applied(session, GROUP, workspace_id)
    newest = max(applied.values(), default=None)
    marks = await shard_watermarks(session, GROUP)
    ours = [
        marks[shard]
        for shard in {shard_of(channel.channel_id) for channel in channels}
        if marks.get(shard, NEVER) > NEVER
    ]
    return FreshnessRead(
        freshness_seconds=None if newest is None else _seconds(now - newest),
        newest_received_at=newest,
        behind_seconds=_seconds(now - min(ours)) if ours else None,
    )


def _seconds(span: timedelta) -> int:
    return max(0, int(span.total_seconds()))


async def _active_days(
    session: AsyncSession, workspace_id: UUID, today: int
) -> dict[UUID, set[int]]:
    question = rollups.Question("day", today - SILENCE_DAYS + 1, today, by=frozenset({"channel"}))
    found: dict[UUID, set[int]] = defaultdict(set)
    for tally in await rollups.tallies(session, workspace_id, question):
        if tally.channel is not None and tally.n:
            found[tally.channel].add(tally.bucket)
    return found


async def _newest(
    session: AsyncSession,
    workspace_id: UUID,
    now: datetime,
    channels: Iterable[registry.KnownChannel],
) -> list[NewestRead]:
    known = {row.channel_id: row for row in channels}
    shown = []
    for tally in await rollups.newest_minutes(session, workspace_id, now, NEWEST):
        assert tally.channel is not None
        channel = known.get(tally.channel)
        shown.append(
            NewestRead(
                channel_id=tally.channel,
                channel=channel.name if channel else None,
                platform=channel.platform if channel else None,
                type=tally.type or "",
                minute=datetime.fromtimestamp(tally.bucket * 60, UTC),
                activities=tally.n,
            )
        )
    return shown
