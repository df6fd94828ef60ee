"""Adds up a batch in plain Python: from events to the cells that they change."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from mediaops_common.events import Activity, ActivityRetracted
from mediaops_common.events.activity import region_of
from mediaops_common.platforms import lateness
from mediaops_common.zones import day_end, day_number, hour_start, number_day

from mediaops_insights.rollups.models import Level

__all__ = ["Cells", "Counts", "Sheet", "Span", "add_up", "levels"]

Counts = list[int]
"""n, total (or amount), corrections, late, retracted."""

Cells = dict[tuple[int, ...], Counts]
"""(channel, content, type, region) → counts. Names are places in the lists of the sheet."""

Span = tuple[int, int]
"""(workspace, bucket)."""

NONE = UUID(int=0)

QUARTER = 900
"""Seconds within which no zone changes its offset: days and hours are looked up once for each."""


class _Place(NamedTuple):
    """Where moments of one quarter of an hour belong, in one zone and on one platform."""

    day: int
    hour: int
    day_end: datetime
    final: datetime


@dataclass
class Sheet:
    """What a batch adds. Names are numbered as they come; place 0 is "none"."""

    workspaces: list[UUID] = field(default_factory=lambda: [NONE])
    channels: list[tuple[int, UUID]] = field(default_factory=lambda: [(0, NONE)])
    """(workspace, channel)."""
    contents: list[tuple[int, str]] = field(default_factory=lambda: [(0, "")])
    """(channel, external id)."""
    types: list[str] = field(default_factory=lambda: [""])
    regions: list[str] = field(default_factory=lambda: [""])
    minutes: dict[Span, Cells] = field(default_factory=dict)
    """With what they add to hours, days and all time, below."""
    hours: dict[Span, Cells] = field(default_factory=dict)
    days: dict[Span, Cells] = field(default_factory=dict)
    ever: dict[Span, Cells] = field(default_factory=dict)
    money_hours: dict[tuple[Span, str], Cells] = field(default_factory=dict)
    money_days: dict[tuple[Span, str], Cells] = field(default_factory=dict)
    newest: dict[Span, Cells] = field(default_factory=dict)
    """Minutes that are not over: they are in nothing above but money."""
    places: dict[Span, tuple[int, int]] = field(default_factory=dict)
    """Of the newest minutes: the buckets of their hour and day."""
    is_plain: bool = True
    """Nothing was late, corrected or retracted: the last three counts are 0 throughout."""


def add_up(
    recorded: Iterable[Activity],
    retracted: Iterable[ActivityRetracted],
    oldest_minute: int,
    newest_minute: int,
) -> Sheet:
    """The sum of a batch. A retraction takes away exactly what its activity added.

    Minutes before `oldest_minute` are not told apart: nobody keeps them any more. What lies in
    `newest_minute` or later is not added to hours and days: that is done when the minute is over.
    """
    counting = _Counting(oldest_minute, newest_minute)
    counting.add((one, one.known_at or one.received_at, 1) for one in recorded)
    counting.add((event.activity, event.retracted_at, -1) for event in retracted)
    return counting.finish()


class _Counting:
    """The inner loop and what it remembers of the batch."""

    def __init__(self, oldest_minute: int, newest_minute: int) -> None:
        self.sheet = Sheet()
        self.oldest_minute = oldest_minute
        self.newest_minute = newest_minute
        self.workspaces: dict[UUID, int] = {}
        self.channels: dict[UUID, tuple[int, int, dict[str, int]]] = {}
        self.types: dict[str, int] = {}
        self.regions: dict[str, int] = {}
        self.places: dict[tuple[str, int, str], _Place] = {}
        self.old: dict[Span, Cells] = {}
        """Cells of hours whose minutes are not kept."""
        self.hour_of: dict[Span, int] = {}
        self.day_of: dict[Span, int] = {}

    def add(self, facts: Iterable[tuple[Activity, datetime, int]]) -> None:
        channels, types, places = self.channels, self.types, self.places
        span: Span | None = None
        cells: Cells = {}
        for activity, known_at, sign in facts:
            seconds = int(activity.occurred_at.timestamp() // 1)
            place_key = (activity.timezone, seconds // QUARTER, activity.platform)
            place = places.get(place_key)
            if place is None:
                place = places[place_key] = _place(activity)
            channel = channels.get(activity.channel_id) or self._meet_channel(activity)
            if span != (channel[0], seconds // 60):
                span = (channel[0], seconds // 60)
                cells = self._cells(span, place)
            content_no = 0
            if activity.content is not None:
                external_id = activity.content.external_id
                content_no = channel[2].get(external_id) or self._meet_content(channel, external_id)
            type_no = types.get(activity.type) or _meet(activity.type, types, self.sheet.types)
            region_no = self._region(activity) if activity.context else 0
            key = (channel[1], content_no, type_no, region_no)
            cell = cells.get(key)
            if cell is None:
                cell = cells[key] = [0, 0, 0, 0, 0]
            cell[0] += sign
            cell[1] += sign * activity.count
            if known_at > place.day_end or sign < 0:
                self.sheet.is_plain = False
                _note_exception(cell, known_at, sign, place)
            if activity.value is not None:
                self._add_money(activity, channel[0], key, known_at, sign, place)

    def _cells(self, span: Span, place: _Place) -> Cells:
        if span[1] >= self.newest_minute:
            self.sheet.places[span] = (place.hour, place.day)
            return self.sheet.newest.setdefault(span, {})
        hour = (span[0], place.hour)
        self.day_of[hour] = place.day
        if span[1] < self.oldest_minute:
            return self.old.setdefault(hour, {})
        self.hour_of[span] = place.hour
        return self.sheet.minutes.setdefault(span, {})

    def _add_money(
        self,
        activity: Activity,
        workspace_no: int,
        key: tuple[int, ...],
        known_at: datetime,
        sign: int,
        place: _Place,
    ) -> None:
        value = activity.value
        assert value is not None
        for told, bucket in (
            (self.sheet.money_hours, place.hour),
            (self.sheet.money_days, place.day),
        ):
            cells = told.setdefault(((workspace_no, bucket), value.currency), {})
            cell = cells.setdefault(key, [0, 0, 0, 0, 0])
            cell[0] += sign
            cell[1] += sign * value.amount_minor
            _note_exception(cell, known_at, sign, place)

    def _meet_channel(self, activity: Activity) -> tuple[int, int, dict[str, int]]:
        workspace_no = self.workspaces.get(activity.workspace_id)
        if workspace_no is None:
            workspace_no = self.workspaces[activity.workspace_id] = len(self.sheet.workspaces)
            self.sheet.workspaces.append(activity.workspace_id)
        channel = (workspace_no, len(self.sheet.channels), dict[str, int]())
        self.channels[activity.channel_id] = channel
        self.sheet.channels.append((workspace_no, activity.channel_id))
        return channel

    def _meet_content(self, channel: tuple[int, int, dict[str, int]], external_id: str) -> int:
        channel[2][external_id] = len(self.sheet.contents)
        self.sheet.contents.append((channel[1], external_id))
        return channel[2][external_id]

    def _region(self, activity: Activity) -> int:
        region = region_of(activity.context)
        if region is None:
            return 0
        return self.regions.get(region) or _meet(region, self.regions, self.sheet.regions)

    def finish(self) -> Sheet:
        sheet = self.sheet
        hours = [((s[0], self.hour_of[s]), cells) for s, cells in sheet.minutes.items()]
        sheet.hours = _gathered([*hours, *self.old.items()])
        days = [((s[0], self.day_of[s]), cells) for s, cells in sheet.hours.items()]
        sheet.days = _gathered(days)
        sheet.ever = _gathered([((s[0], 0), cells) for s, cells in sheet.days.items()])
        return sheet


def _meet(text: str, known: dict[str, int], listed: list[str]) -> int:
    known[text] = len(listed)
    listed.append(text)
    return known[text]


def _place(activity: Activity) -> _Place:
    moment, zone = activity.occurred_at, activity.timezone
    day = day_number(moment, zone)
    end = day_end(number_day(day), zone)
    return _Place(day, hour_start(moment, zone) // 60, end, end + lateness(activity.platform))


def _note_exception(cell: Counts, known_at: datetime, sign: int, place: _Place) -> None:
    if known_at > place.final:
        cell[2] += 1
    if sign < 0:
        cell[4] += 1
    elif known_at > place.day_end:
        cell[3] += 1


def _gathered(parts: Iterable[tuple[Span, Cells]]) -> dict[Span, Cells]:
    """The sum per span. What has one part stays that part itself: most live batches lie in one
    hour, whose cells are those of the day and are worked on once."""
    by_span: dict[Span, list[Cells]] = {}
    for span, cells in parts:
        by_span.setdefault(span, []).append(cells)
    return {
        span: _sum(listed) if len(listed) > 1 else listed[0] for span, listed in by_span.items()
    }


def _sum(parts: list[Cells]) -> Cells:
    found = {key: counts[:] for key, counts in parts[0].items()}
    for cells in parts[1:]:
        for key, counts in cells.items():
            known = found.get(key)
            if known is None:
                found[key] = counts[:]
            else:
                _add(known, counts)
    return found


def _add(known: Counts, counts: Counts) -> None:
    known[0] += counts[0]
    known[1] += counts[1]
    if counts[2] or counts[3] or counts[4]:
        known[2] += counts[2]
        known[3] += counts[3]
        known[4] += counts[4]


def levels(cells: Cells) -> Iterator[tuple[Level, Cells]]:
    """Each level with the cells that belong to it."""
    regional = {key: counts for key, counts in cells.items() if key[3]}
    if regional:
        yield Level.region, regional
        yield Level.wide_region, _by(regional, [(0, 0, key[2], key[3]) for key in regional])
        cells = _by(cells, [(key[0], key[1], key[2], 0) for key in cells])
    yield Level.content, {key: counts for key, counts in cells.items() if key[1]}
    channels = _by(cells, [(key[0], 0, key[2], 0) for key in cells])
    yield Level.channel, channels
    yield Level.workspace, _by(channels, [(0, 0, key[2], 0) for key in channels])


def _by(cells: Cells, keys: list[tuple[int, ...]]) -> Cells:
    found: Cells = {}
    for key, counts in zip(keys, cells.values(), strict=True):
        known = found.get(key)
        if known is None:
            found[key] = counts[:]
        else:
            _add(known, counts)
    return found
