"""From the cells of a batch to the rows of its tables, with the numbers that names have."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from mediaops_insights.rollups.cells import Cells, Sheet, Span, levels
from mediaops_insights.rollups.models import Level

__all__ = ["Numbers", "Rows", "rows_of"]

Row = tuple[object, ...]


@dataclass(frozen=True)
class Numbers:
    """By place in the sheet: the number of each name in the database."""

    workspaces: Sequence[int]
    channels: Sequence[int]
    contents: Sequence[int]
    types: Sequence[int]
    regions: Sequence[int]


@dataclass
class Rows:
    """Sorted rows by granularity."""

    is_plain: bool
    """Of the counts only the first two are there; the others are 0."""
    newest: list[Row] = field(default_factory=list)
    tallies: dict[str, list[Row]] = field(default_factory=dict)
    money: dict[str, list[Row]] = field(default_factory=dict)


def rows_of(sheet: Sheet, numbers: Numbers, generation: int) -> Rows:
    """All rows that the batch adds."""
    writing = _Writing(numbers, generation, 2 if sheet.is_plain else 5)
    by_granularity = {"minute": sheet.minutes, "hour": sheet.hours, "day": sheet.days}
    rows = Rows(sheet.is_plain, writing.newest(sheet.newest, sheet.places))
    for granularity, spans in by_granularity.items():
        rows.tallies[granularity] = writing.tallies(spans, tuple(Level))
    rows.tallies["ever"] = writing.tallies(sheet.ever, (Level.content,))
    rows.money["hour"] = writing.money(sheet.money_hours)
    rows.money["day"] = writing.money(sheet.money_days)
    return rows


class _Writing:
    def __init__(self, numbers: Numbers, generation: int, counted: int) -> None:
        self.numbers = numbers
        self.counted = counted
        self.generation = generation
        self.done: dict[int, list[tuple[Level, list[Row]]]] = {}
        """Spans share cells where a batch lies in one hour: their ends of rows are made once."""

    def tallies(self, spans: dict[Span, Cells], wanted: tuple[Level, ...]) -> list[Row]:
        return _joined(
            ((*begin, bucket), ends)
            for (workspace, bucket), cells in spans.items()
            for level, begin, ends in self._levels(workspace, cells)
            if level in wanted
        )

    def newest(self, spans: dict[Span, Cells], places: dict[Span, tuple[int, int]]) -> list[Row]:
        return _joined(
            ((*begin, span[1], *places[span]), ends)
            for span, cells in spans.items()
            for _level, begin, ends in self._levels(span[0], cells)
        )

    def _levels(self, workspace: int, cells: Cells) -> Iterator[tuple[Level, Row, list[Row]]]:
        """Each level, how its rows begin, and their ends in order."""
        number = self.numbers.workspaces[workspace]
        for level, ends in self._ends(cells):
            yield level, (self.generation, number, int(level)), ends

    def _ends(self, cells: Cells) -> list[tuple[Level, list[Row]]]:
        known = self.done.get(id(cells))
        if known is None:
            known = self.done[id(cells)] = [
                (level, sorted(self._named(part))) for level, part in levels(cells)
            ]
        return known

    def _named(self, cells: Cells) -> list[Row]:
        numbers = self.numbers
        channels, contents, types, regions = (
            numbers.channels,
            numbers.contents,
            numbers.types,
            numbers.regions,
        )
        if self.counted == 2:
            return [
                (channels[channel], contents[content], types[type_], regions[region], n, total)
                for (channel, content, type_, region), (n, total, _, _, _) in cells.items()
            ]
        return [
            (channels[channel], contents[content], types[type_], regions[region], *counts)
            for (channel, content, type_, region), counts in cells.items()
        ]

    def money(self, told: dict[tuple[Span, str], Cells]) -> list[Row]:
        rows: list[Row] = []
        for ((workspace, bucket), currency), cells in told.items():
            begin = (self.generation, self.numbers.workspaces[workspace], bucket, currency)
            rows += [begin + end for end in self._named(cells)]
        return sorted(rows)


def _joined(parts: Iterable[tuple[Row, list[Row]]]) -> list[Row]:
    """Few beginnings, and ends that are in order already: rows need no sorting of their own."""
    return [begin + end for begin, ends in sorted(parts, key=itemgetter(0)) for end in ends]
