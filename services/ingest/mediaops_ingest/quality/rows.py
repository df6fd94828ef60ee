"""The rows of quality, from what was counted. No database here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import NamedTuple
from uuid import UUID

from mediaops_common.platforms import lateness
from mediaops_common.zones import day_end, number_day

from mediaops_ingest.deliveries.delays import longest_of
from mediaops_ingest.deliveries.models import SourceDay
from mediaops_ingest.quality.schemas import QualityDay, Refusals
from mediaops_ingest.sources.service import Source

__all__ = ["SEASON_DAYS", "Counted", "Ever", "Parts", "rows"]

WEEK = 7
WEEKS = 8
SEASON_DAYS = WEEK * WEEKS
"""So far back lies what a day is compared with."""
NEEDED_WEEKS = 3
"""Of fewer nothing can be expected."""


class Ever(NamedTuple):
    """What is known of a source over all its days."""

    first_day: int
    newest_received_at: datetime
    newest_occurred: int
    """Unix seconds; 0 where there never was an activity."""


Parts = Mapping[tuple[str, str], int]
"""(kind, name) → items."""


@dataclass(frozen=True)
class Counted:
    """Everything that the rows are made of, by source and day."""

    days: Mapping[tuple[UUID, int], SourceDay]
    """Also of the season before the days that are shown."""
    parts: Mapping[tuple[UUID, int], Parts]
    ever: Mapping[UUID, Ever]
    waiting: Mapping[tuple[UUID, int], int]
    platforms: Mapping[UUID, str]

    def expected(self, source_id: UUID, day: int) -> float | None:
        """The median of the same weekday in the weeks before, of which a day without anything is
        one; None until there are enough of them."""
        known = self.ever.get(source_id)
        if known is None:
            return None
        before = (day - WEEK * weeks for weeks in range(1, WEEKS + 1))
        places = [(source_id, one) for one in before if one >= known.first_day]
        if len(places) < NEEDED_WEEKS:
            return None
        return float(median(self.days[p].received if p in self.days else 0 for p in places))


def rows(
    sources: Sequence[Source], numbers: range, counted: Counted, timezone: str, now: datetime
) -> list[QualityDay]:
    """A row for every day and source, without anything where nothing came."""
    found = []
    for number in numbers:
        is_over = day_end(number_day(number), timezone) <= now
        for source in sources:
            row = _row(source, number, counted, is_over=is_over)
            _age(row, counted.ever.get(source.id), now)
            found.append(row)
    return found


def _row(source: Source, number: int, counted: Counted, *, is_over: bool) -> QualityDay:
    place = (source.id, number)
    day, pending = counted.days.get(place), counted.waiting.get(place, 0)
    platform = counted.platforms.get(source.channel_id) if source.channel_id else None
    item = QualityDay(
        day=number_day(number),
        source_id=source.id,
        channel_id=source.channel_id,
        grade="final" if is_over and not pending else "provisional",
        received=pending,
        pending=pending,
        late_after_seconds=int(lateness(platform or "").total_seconds()),
    )
    if day is not None:
        item.received += day.received
        for name in ("normalised", "duplicates", "conflicts", "rejected", "failed", "unmapped"):
            setattr(item, name, getattr(day, name))
        item.deliveries, item.late = day.deliveries, day.late
        _explain(item, counted.parts.get(place, {}))
    settled = item.normalised + item.duplicates + item.conflicts
    item.residual = item.received - settled - item.rejected - item.failed - item.pending
    if item.received:
        item.duplicate_rate = item.duplicates / item.received
        item.conflict_rate = item.conflicts / item.received
        item.reject_rate = (item.rejected + item.failed) / item.received
    item.expected = counted.expected(source.id, number)
    if is_over and item.expected:
        item.completeness = item.received / item.expected
    return item


def _explain(item: QualityDay, parts: Parts) -> None:
    """Why what was refused was refused, and how late the rest came."""
    delays = {int(name): items for (kind, name), items in parts.items() if kind == "delay"}
    item.activities = sum(delays.values())
    item.delay_p95_seconds = longest_of(delays, 0.95)
    if item.activities:
        item.late_share = item.late / item.activities
    item.reasons = sorted(_refusals(parts, item.received), key=lambda one: -one.items)


def _refusals(parts: Parts, received: int) -> Iterator[Refusals]:
    for (kind, name), items in sorted(parts.items()):
        # A replay takes back reasons that were perhaps never noted: of deliveries older than this.
        if (kind == "rejected" or kind == "failed") and items > 0:
            yield Refusals(outcome=kind, reason=name, items=items, rate=items / received)


def _age(item: QualityDay, known: Ever | None, now: datetime) -> None:
    if known is None:
        return
    item.freshness_seconds = max(0.0, (now - known.newest_received_at).total_seconds())
    if known.newest_occurred:
        item.event_freshness_seconds = max(0.0, now.timestamp() - known.newest_occurred)
