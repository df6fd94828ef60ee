"""What needs attention, worst first."""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from mediaops_insights.overview.schemas import AttentionRead, FreshnessRead
from mediaops_insights.quality.service import SourceDay
from mediaops_insights.registry.service import KnownChannel

__all__ = ["attention"]

BEHIND_SECONDS = 300
SEVERITIES = ("critical", "warning", "info")


def attention(
    channels: Iterable[KnownChannel],
    active_days: Mapping[UUID, set[int]],
    today: int,
    sources: Iterable[SourceDay],
    freshness: FreshnessRead,
    parked: int,
) -> list[AttentionRead]:
    """`active_days` are the days of the last nine on which each channel had activities."""
    listed = list(channels)
    found = [
        *_beginning(listed, active_days, freshness),
        *_behind(freshness, parked),
        *_of_sources(sources),
        *_silent(listed, active_days, today),
    ]
    return sorted(found, key=lambda item: SEVERITIES.index(item.severity))


def _beginning(
    channels: list[KnownChannel], active_days: Mapping[UUID, set[int]], freshness: FreshnessRead
) -> Iterator[AttentionRead]:
    if not channels:
        yield AttentionRead(
            kind="no_channel", severity="info", detail="make a channel", link="/ingest/v1/channels"
        )
    elif not active_days and freshness.newest_received_at is None:
        yield AttentionRead(
            kind="nothing_received",
            severity="info",
            detail="make a source and send it something",
            link="/ingest/v1/sources",
        )


def _behind(freshness: FreshnessRead, parked: int) -> Iterator[AttentionRead]:
    if freshness.behind_seconds is not None and freshness.behind_seconds > BEHIND_SECONDS:
        yield AttentionRead(
            kind="numbers_behind",
            severity="critical",
            detail=f"the numbers are {freshness.behind_seconds} s behind what was received",
            count=freshness.behind_seconds,
            link="/insights/v1/admin/lag",
        )
    if parked:
        yield AttentionRead(
            kind="parked_events",
            severity="critical",
            detail=f"{parked} events could not be counted",
            count=parked,
            link="/insights/v1/admin/parked",
        )


def _of_sources(sources: Iterable[SourceDay]) -> Iterator[AttentionRead]:
    for row in sources:
        for field, severity in (("failed", "critical"), ("conflicts", "warning")):
            count = getattr(row, field)
            if count:
                # The list of deliveries calls its statuses in the singular.
                status = field.removesuffix("s")
                yield AttentionRead(
                    kind=f"{field}_items",
                    severity="critical" if severity == "critical" else "warning",
                    detail=f"{count} items of today: {field}",
                    channel_id=row.channel_id,
                    source_id=row.source_id,
                    count=count,
                    link=f"/ingest/v1/deliveries?source_id={row.source_id}&status={status}",
                )
        if row.rejected:
            yield AttentionRead(
                kind="rejected_items",
                severity="warning",
                detail=f"{row.rejected} items of today were refused",
                channel_id=row.channel_id,
                source_id=row.source_id,
                count=row.rejected,
            )


def _silent(
    channels: list[KnownChannel], active_days: Mapping[UUID, set[int]], today: int
) -> Iterator[AttentionRead]:
    """Nothing yesterday and today, though there was something in the week before."""
    for channel in channels:
        days = active_days.get(channel.channel_id, set())
        if days and not days & {today, today - 1}:
            yield AttentionRead(
                kind="silent_channel",
                severity="warning",
                detail="no activity since the day before yesterday",
                channel_id=channel.channel_id,
                count=today - max(days),
            )
