"""Keeps what platforms report, and reads it as increases, levels and values at equal age."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from mediaops_common.aside import aside
from mediaops_common.events import SnapshotRecorded
from mediaops_common.projections import live_generation
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.names.service import Contents
from mediaops_insights.snapshots import repository
from mediaops_insights.snapshots.counters import Counter, increases, levels
from mediaops_insights.snapshots.standing import Standing, place_in, place_of

__all__ = [
    "AGES",
    "Asked",
    "AtAge",
    "ContentReports",
    "Reported",
    "apply",
    "contents_now",
    "contents_of",
    "increase",
    "level",
    "readings",
]

AGES: dict[str, timedelta] = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "72h": timedelta(hours=72),
    "7d": timedelta(days=7),
}
"""Ages at which contents are compared: what each had so long after its publication."""


class Asked(NamedTuple):
    """Which reports: of these metrics and days, of these channels and contents (None: all)."""

    metrics: frozenset[str]
    first_day: int
    last_day: int
    channels: frozenset[UUID] | None = None
    contents: frozenset[str] | None = None
    by_content: bool = False


class Reported(NamedTuple):
    """What a platform said of one day; `content` is None for the channel as a whole."""

    day: int
    channel: UUID
    content: str | None
    value: int
    corrections: int
    as_of: tuple[datetime, ...]
    """Of the reports that say so: an increase is told by two."""


class AtAge(NamedTuple):
    """The newest value at an age, and when it was taken."""

    value: int
    as_of: datetime


async def apply(
    session: AsyncSession,
    snapshots: Sequence[SnapshotRecorded],
    numbers: Sequence[int],
    generation: int,
) -> None:
    """Takes the reports, each with its number in its lane: the last word on a place stands."""
    if not snapshots:
        return
    standing = await _known(session, snapshots, generation)
    numbered = list(zip(snapshots, numbers, strict=True))
    outcome = await aside(len(numbered), standing.settle, numbered, generation)
    await repository.put(session, outcome.standing)
    await repository.cover(session, outcome.covered)
    await repository.uncover(session, outcome.uncovered)


async def _known(
    session: AsyncSession, snapshots: Iterable[SnapshotRecorded], generation: int
) -> Standing:
    """What these reports can change: where they were, what stands where they come to, and what
    stands again where they go."""
    ids = {one.id: (generation, one.workspace_id, one.id) for one in snapshots}
    mine = await repository.standing_of(session, list(ids.values()))
    hidden = await repository.covered_of(session, list(ids.values()))
    left = {place_in(row) for row in mine}
    spoken_of = {place_of(one, generation) for one in snapshots}
    spoken_of |= {place_in(row) for row in hidden}
    mine += await repository.standing_at(session, list(spoken_of - left))
    hidden += [
        row
        for row in await repository.covered_at(session, list(left))
        if row["snapshot_id"] not in ids
    ]
    return await aside(len(mine) + len(hidden), Standing, mine, hidden)


def contents_of(snapshots: Iterable[SnapshotRecorded]) -> Contents:
    """Contents that are reported of are listed like those that something was counted of."""
    found: Contents = {}
    for one in snapshots:
        if one.content is not None and one.content.external_id and not one.is_retraction:
            place = (one.workspace_id, one.channel_id)
            found.setdefault(place, []).append(one.content.external_id)
    return found


async def increase(session: AsyncSession, workspace_id: UUID, asked: Asked) -> list[Reported]:
    """By how much the counters rose on each day; days without a report are absent.

    A daily report is that day's increase. Else it is the difference of the last readings up to the
    ends of two days, and a counter begins at 0. The own counter of a channel that ever had one goes
    before the sum of its contents, unless contents are asked for: the two are never added.
    """
    counters = await _counters(session, workspace_id, asked)
    chosen = await _chosen(session, workspace_id, counters, asked)
    found = []
    for (channel, content), counter in chosen.items():
        for told in increases(counter, asked.first_day, asked.last_day):
            found.append(Reported(told.day, channel, content or None, *told[1:]))
    return found


async def level(session: AsyncSession, workspace_id: UUID, asked: Asked) -> list[Reported]:
    """What the channels' own counters stood at when each day ended, from their first report on."""
    own = asked._replace(contents=frozenset({""}))
    found = []
    for (channel, _content), counter in (await _counters(session, workspace_id, own)).items():
        for told in levels(counter, asked.first_day, asked.last_day):
            found.append(Reported(told.day, channel, None, *told[1:]))
    return found


async def readings(session: AsyncSession, workspace_id: UUID, asked: Asked) -> list[Reported]:
    """The last reading of the channels' own counters on each day that has one."""
    own = asked._replace(contents=frozenset({""}))
    return [
        Reported(day, channel, None, value, counter.corrections.get(day, 0), (as_of,))
        for (channel, _), counter in (await _counters(session, workspace_id, own)).items()
        for day, (as_of, value) in sorted(counter.ends.items())
    ]


async def _counters(
    session: AsyncSession, workspace_id: UUID, asked: Asked
) -> dict[tuple[UUID, str], Counter]:
    generation = await live_generation(session)
    among = (asked.channels, asked.contents)
    before = await repository.last_before(
        session, generation, workspace_id, asked.metrics, asked.first_day, *among
    )
    days = (asked.first_day, asked.last_day)
    during = await repository.reports(
        session, generation, workspace_id, asked.metrics, days, *among
    )
    counters: dict[tuple[UUID, str], Counter] = {}
    for row in before:
        counters.setdefault((row.channel_id, row.content), Counter()).begin(
            row.kind, row.day, row.as_of, row.value
        )
    for row in during:
        counter = counters.setdefault((row.channel_id, row.content), Counter())
        counter.note(row.day, row.corrections)
        if not row.is_retracted:
            counter.read(row.kind, row.day, row.as_of, row.value)
    return counters


async def _chosen(
    session: AsyncSession,
    workspace_id: UUID,
    counters: Mapping[tuple[UUID, str], Counter],
    asked: Asked,
) -> dict[tuple[UUID, str], Counter]:
    """Those counters that are added up. Which these are does not depend on the days asked for."""
    if asked.by_content or asked.contents is not None:
        return {key: counter for key, counter in counters.items() if key[1]}
    parted = {channel for channel, content in counters if content}
    own = await repository.channels_reported(
        session, await live_generation(session), workspace_id, asked.metrics, parted
    )
    return {key: counter for key, counter in counters.items() if not key[1] or key[0] not in own}


async def contents_now(
    session: AsyncSession,
    workspace_id: UUID,
    contents: Collection[tuple[UUID, str]],
    published: Mapping[tuple[UUID, str], datetime],
) -> dict[tuple[UUID, str], "ContentReports"]:
    """What was reported of each (channel, external id): by metric, the newest, and at each age."""
    if not contents:
        return {}
    rows = await repository.of_contents(
        session,
        await live_generation(session),
        workspace_id,
        {channel for channel, _content in contents},
        {content for _channel, content in contents},
    )
    found: dict[tuple[UUID, str], ContentReports] = {}
    for row in rows:
        key = (row.channel_id, row.content)
        reports = found.setdefault(key, ContentReports({}, {}))
        if row.kind == "daily":
            continue
        reports.newest[row.metric] = AtAge(row.value, row.as_of)
        age = _age(row.as_of, published.get(key))
        if age is not None:
            reports.at_age.setdefault(row.metric, {})[age] = AtAge(row.value, row.as_of)
    for row in rows:
        reports = found[row.channel_id, row.content]
        if row.kind == "daily" and row.metric not in reports.newest:
            reports.daily[row.metric] = reports.daily.get(row.metric, 0) + row.value
    return found


class ContentReports:
    """The reports of one content."""

    def __init__(self, newest: dict[str, AtAge], at_age: dict[str, dict[str, AtAge]]) -> None:
        self.newest = newest
        self.at_age = at_age
        self.daily: dict[str, int] = {}
        """The sum of daily reports of metrics that have no counter."""

    def total(self, metric: str) -> int | None:
        """The newest reading, or the sum of daily reports; None when nothing was reported."""
        if metric in self.newest:
            return self.newest[metric].value
        return self.daily.get(metric)

    def totals(self) -> dict[str, int]:
        """`total` of everything that was reported."""
        return {
            **{metric: value for metric, value in sorted(self.daily.items())},
            **{metric: reading.value for metric, reading in sorted(self.newest.items())},
        }


def _age(as_of: datetime, published_at: datetime | None) -> str | None:
    """The age that a reading stands for: it was taken at that age or before, but after the age
    before that. An older reading says nothing of a later age."""
    if published_at is None or as_of < published_at:
        return None
    for name, age in AGES.items():
        if as_of <= published_at + age:
            return name
    return None
