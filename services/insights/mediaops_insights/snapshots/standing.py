"""Which report stands at each place, when reports come, are corrected and are taken back. No
database here."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from mediaops_common.events import SnapshotRecorded
from mediaops_common.watermarks import is_correction
from mediaops_common.zones import day_number, day_start, number_day, number_of

from mediaops_insights.snapshots.models import PLACE

__all__ = ["Outcome", "Place", "Standing", "place_in", "place_of"]

Place = tuple[Any, ...]
"""The values of `PLACE`: what a report speaks of."""

NOBODY = UUID(int=0)
"""The id at a place that its only report has left: the place remembers its corrections still."""

MICROSECONDS = 1_000_000


class Report(NamedTuple):
    """What is known of one report, standing or not."""

    place: Place
    snapshot_id: UUID
    number: int
    day: int
    as_of: datetime
    value: int
    is_retracted: bool


class Outcome(NamedTuple):
    """Rows of the tables; those of standing reports say how many corrections are added."""

    standing: list[dict[str, Any]]
    covered: list[dict[str, Any]]
    uncovered: list[tuple[Any, ...]]
    """(generation, workspace, id) of reports that had a row among the covered and stand now."""


class Standing:
    """The reports of a batch and, of what is kept, all that they can change.

    At each place stands what was said last and not taken back. A report is at one place: a
    correction that names another takes it away from where it was. What was said earlier and comes
    later, as an event that was parked, changes nothing that was said since.
    """

    def __init__(
        self, standing: Iterable[Mapping[str, Any]], covered: Iterable[Mapping[str, Any]]
    ) -> None:
        self._reports: dict[UUID, list[Report]] = {}
        """Of one id: one, or as many as earlier versions left behind at places of the past."""
        self._at: dict[Place, dict[UUID, Report]] = {}
        self._left: dict[Place, Report] = {}
        self._corrections: Counter[Place] = Counter()
        self._touched: dict[Place, None] = {}
        self._covered = {row["snapshot_id"]: _report(row) for row in covered}
        for report in sorted(self._covered.values(), key=lambda one: one.number):
            self._put(report)
        for row in standing:
            if row["snapshot_id"] != NOBODY:
                self._put(_report(row))

    def settle(self, numbered: Iterable[tuple[SnapshotRecorded, int]], generation: int) -> Outcome:
        """Takes the events with their numbers in their lanes; returns what is to be written."""
        for snapshot, number in numbered:
            self._take(snapshot, number, generation)
        return self._outcome()

    def _take(self, snapshot: SnapshotRecorded, number: int, generation: int) -> None:
        known = self._reports.get(snapshot.id, [])
        if any(one.number > number for one in known):
            return
        said = Report(
            place_of(snapshot, generation),
            snapshot.id,
            number,
            _day(snapshot),
            snapshot.as_of,
            snapshot.value,
            snapshot.is_retraction,
        )
        if snapshot.is_retraction and known:
            said = known[-1]._replace(number=number, is_retracted=True)
        for one in known:
            moves = snapshot.is_retraction or one.place != said.place
            if moves and not one.is_retracted and self._top(one.place) is one:
                self._corrections[one.place] += _is_correction(snapshot, one.day)
            self._at[one.place].pop(one.snapshot_id)
            self._left[one.place] = one
            self._touched[one.place] = None
        if not snapshot.is_retraction:
            self._corrections[said.place] += _is_correction(snapshot, said.day)
        self._reports[snapshot.id] = []
        self._put(said)
        self._touched[said.place] = None

    def _outcome(self) -> Outcome:
        outcome = Outcome([], [], [])
        for place in self._touched:
            reports = self._at[place]
            if reports:
                top = self._top(place)
            else:
                top = self._left[place]._replace(snapshot_id=NOBODY, is_retracted=True)
            outcome.standing.append({**_row(top), "corrections": self._corrections[place]})
            if top.snapshot_id in self._covered:
                outcome.uncovered.append((*place[:2], top.snapshot_id))
            outcome.covered.extend(
                _row(report)
                for report in reports.values()
                if report is not top and report is not self._covered.get(report.snapshot_id)
            )
        return outcome

    def _put(self, report: Report) -> None:
        elsewhere = [
            one for one in self._reports.get(report.snapshot_id, ()) if one.place != report.place
        ]
        self._reports[report.snapshot_id] = [*elsewhere, report]
        self._at.setdefault(report.place, {})[report.snapshot_id] = report

    def _top(self, place: Place) -> Report:
        """The last word; where all were taken back, the last of these."""
        reports = self._at[place].values()
        return max(reversed(reports), key=lambda one: (not one.is_retracted, one.number))


def place_of(snapshot: SnapshotRecorded, generation: int) -> Place:
    """Where a report stands: two of one place are about the same."""
    return (
        generation,
        snapshot.workspace_id,
        snapshot.channel_id,
        snapshot.content.external_id if snapshot.content else "",
        snapshot.metric,
        snapshot.kind,
        _day(snapshot) if snapshot.kind == "daily" else _microseconds(snapshot.as_of),
    )


def place_in(row: Mapping[str, Any]) -> Place:
    """Where the report of a row stands, or once stood."""
    return tuple(row[name] for name in PLACE)


def _day(snapshot: SnapshotRecorded) -> int:
    """A daily report speaks of its day; a counter of the day it was read on."""
    if snapshot.kind == "daily" and snapshot.day is not None:
        return number_of(snapshot.day)
    return day_number(snapshot.as_of, snapshot.timezone)


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * MICROSECONDS + moment.microsecond


def _is_correction(snapshot: SnapshotRecorded, day: int) -> bool:
    # A daily report is usually taken on the day after the one that it speaks of.
    spoken_of = day_start(number_day(day), snapshot.timezone)
    known_at = snapshot.known_at or snapshot.received_at
    return is_correction(spoken_of, known_at, snapshot.platform, snapshot.timezone)


def _report(row: Mapping[str, Any]) -> Report:
    return Report(place_in(row), **{name: row[name] for name in Report._fields[1:]})


def _row(report: Report) -> dict[str, Any]:
    said = report._asdict()
    return {**dict(zip(PLACE, said.pop("place"), strict=True)), **said}
