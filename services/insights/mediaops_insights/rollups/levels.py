"""Which levels answer a question, and what "without" is: what a level holds beyond the next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mediaops_insights.rollups.models import Level
from mediaops_insights.rollups.questions import Question

__all__ = ["Key", "Part", "distribute", "plan"]

Key = tuple[int, int, int, int, int]
"""(bucket, channel, content, type, region)."""

NAMES = ("channel", "content", "type", "region")


@dataclass(frozen=True)
class Part:
    """One level to be read."""

    level: Level
    by: tuple[str, ...]
    """What its rows are told apart by."""
    names: tuple[str, ...]
    """What can be filtered at this level."""
    parent: Level | None
    """The level that holds these activities too, as "without", if it is read as well."""


def plan(question: Question) -> list[Part]:
    """The levels to read, coarse to fine.

    A filter by content or region lets nothing pass that has none, so that coarser levels drop out.
    """
    by = question.by
    wants_content = "content" in by or question.contents is not None
    wants_region = "region" in by or question.regions is not None
    told = "channel" in by or question.channels is not None
    parts: list[Part] = []
    above: Level | None = None
    if question.contents is None and question.regions is None:
        above = Level.channel if told else Level.workspace
        names: tuple[str, ...] = ("channel", "type") if told else ("type",)
        parts.append(Part(above, _of(by, names), names, None))
    if wants_content and question.regions is None:
        names = ("channel", "content", "type")
        parts.append(Part(Level.content, _of(by, names), names, above))
        above = Level.content
    if wants_region and not told and not wants_content:
        names = ("type", "region")
        parts.append(Part(Level.wide_region, _of(by, names), names, above))
    elif wants_region:
        parts.append(Part(Level.region, _of(by, NAMES), NAMES, above))
    return parts


def _of(by: frozenset[str], names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in by)


def distribute(
    sums: Iterable[tuple[Part, Sequence[Any]]], by: frozenset[str]
) -> dict[Key, list[int]]:
    """Cells told apart by `by`, from the rows (bucket, *part.by, *counts) of each level.

    Every row counts where it belongs, and is taken from what the level above holds "without". What
    was never counted is left out.
    """
    cells: dict[Key, list[int]] = {}
    for part, rows in sums:
        width = 1 + len(part.by)
        # Where each name stands in a row; 0, the bucket's place, where it does not.
        channel, content, type_, region = (
            1 + part.by.index(name) if name in part.by else 0 for name in NAMES
        )
        of_content = 0 if part.level is Level.content else content
        for row in rows:
            key = (
                row[0],
                row[channel] if channel else 0,
                row[content] if content else 0,
                row[type_] if type_ else 0,
                row[region] if region else 0,
            )
            _add(cells, key, row[width:], 1)
            if part.parent is not None:
                parent = (row[0], key[1], row[of_content] if of_content else 0, key[3], 0)
                _add(cells, parent, row[width:], -1)
    return {key: counts for key, counts in cells.items() if any(counts)}


def _add(cells: dict[Key, list[int]], key: Key, counts: Sequence[int], sign: int) -> None:
    known = cells.get(key)
    if known is None:
        cells[key] = [sign * number for number in counts]
        return
    for place, number in enumerate(counts):
        known[place] += sign * number
