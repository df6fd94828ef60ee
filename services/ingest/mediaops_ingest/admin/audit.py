"""The audit: what was received, numbered and applied must agree, source by source, day by day."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from mediaops_common.events import (
    ActivityRecorded,
    ActivityRetracted,
    SnapshotRecorded,
    Topic,
    decode,
)
from mediaops_common.ids import SHARDS
from mediaops_common.zones import day_number, number_day
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.admin import repository
from mediaops_ingest.archive.chunks import TOPICS, unpack_chunk

__all__ = ["Days", "audit"]

SourceDayKey = tuple[str, int]


@dataclass(frozen=True)
class Days:
    """Local days of receipt as numbers, inclusive; None where the side is open."""

    first: int | None = None
    last: int | None = None

    def __contains__(self, day: int) -> bool:
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)


async def audit(
    session: AsyncSession,
    reports: Sequence[dict[str, Any]],
    workspace_id: UUID | None,
    days: Days = Days(),
) -> dict[str, Any]:
    """Compares the groups' reports with ingest's own counters in one consistent view.

    Per group, source and local day of receipt: `residual` = numbered − (applied + parked +
    dropped + cancelled + in_flight). In flight is what has a number above the group's last, and is
    counted event by event, so that an audit beside live traffic is exact.
    """
    counters = [row for row in await repository.counters(session, workspace_id) if row.day in days]
    ours = {(str(row.source_id), row.day): row for row in counters}
    items = []
    total = 0
    for row in counters:
        settled = row.normalised + row.duplicates + row.conflicts + row.rejected + row.failed
        total += abs(row.received - settled)
    sums: Counter[str] = Counter()
    for report in reports:
        topics = set(report["topics"])
        waiting = await _in_flight(session, topics, report.get("lanes", []))
        theirs = {(r["source_id"], r["day"]): r for r in report["rows"]}
        for key in sorted(ours.keys() | theirs.keys() | waiting.keys()):
            if key[1] not in days or (workspace_id is not None and key not in ours):
                continue
            numbered = _numbered(ours.get(key), topics)
            item = _compare(report["group"], key, numbered, theirs.get(key, {}), waiting[key])
            items.append(item)
            total += abs(item["residual"])
            for name in ("in_flight", "parked", "dropped", "cancelled"):
                sums[name] += item[name]
    return {
        "residual": total,
        "received": sum(row.received for row in counters),
        "failed": sum(row.failed for row in counters),
        "conflicts": sum(row.conflicts for row in counters),
        **{name: sums[name] for name in ("in_flight", "parked", "dropped", "cancelled")},
        "items": items,
    }


def _numbered(ours: Any, topics: set[str]) -> int:
    """What was numbered for a source and day in the topics that the group reads."""
    if ours is None:
        return 0
    activities = ours.activities + ours.retractions if str(Topic.activity) in topics else 0
    return int(activities + (ours.snapshots if str(Topic.snapshot) in topics else 0))


def _compare(
    group: str, key: SourceDayKey, numbered: int, theirs: dict[str, Any], in_flight: int
) -> dict[str, Any]:
    applied = sum(theirs.get(name, 0) for name in ("activities", "retractions", "snapshots"))
    kept = {name: theirs.get(name, 0) for name in ("parked", "dropped", "cancelled")}
    return {
        "group": group,
        "source_id": key[0],
        "day": number_day(key[1]).isoformat(),
        "numbered": numbered,
        "applied": applied,
        "in_flight": in_flight,
        **kept,
        "residual": numbered - applied - sum(kept.values()) - in_flight,
    }


async def _in_flight(
    session: AsyncSession, topics: set[str], lanes: Sequence[Sequence[Any]]
) -> defaultdict[SourceDayKey, int]:
    """Events with a number above the group's last one, by source and local day of receipt."""
    last = {(topic, slot): numbers for topic, slot, numbers in lanes}
    found: defaultdict[SourceDayKey, int] = defaultdict(int)
    for shard, newest in (await repository.newest_numbers(session)).items():
        missing = sum(
            number - _last(last, topic, slot, shard)
            for topic, numbers in newest.items()
            if topic in topics
            for slot, number in enumerate(numbers)
        )
        before = None
        while missing > 0:
            rows = await repository.chunks_down(session, shard, before, limit=50)
            if not rows:
                break
            for row in rows:
                counted = await asyncio.to_thread(_above, row.records, shard, topics, last)
                missing -= sum(counted.values())
                for key, value in counted.items():
                    found[key] += value
                before = row.chunk
    return found


def _last(last: dict[tuple[str, int], list[int]], topic: str, slot: int, shard: int) -> int:
    numbers = last.get((topic, slot))
    return 0 if numbers is None or len(numbers) != SHARDS else numbers[shard]


def _above(
    raw: bytes, shard: int, topics: set[str], last: dict[tuple[str, int], list[int]]
) -> Counter[SourceDayKey]:
    counted: Counter[SourceDayKey] = Counter()
    for position, slot, seq, _, value in unpack_chunk(raw):
        topic = TOPICS[position]
        if topic not in topics or seq <= _last(last, topic, slot, shard):
            continue
        event = decode(value)[1]
        if isinstance(event, ActivityRecorded | ActivityRetracted):
            fact: Any = event.activity
        elif isinstance(event, SnapshotRecorded):
            fact = event
        else:
            continue
        counted[str(fact.source_id), day_number(fact.received_at, fact.timezone)] += 1
    return counted
