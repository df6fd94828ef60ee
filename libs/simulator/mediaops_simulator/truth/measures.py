"""Metrics by hour and by day, for the workspace or by group."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from mediaops_simulator.company.acts import Act
from mediaops_simulator.truth.audience import actor_of
from mediaops_simulator.truth.book import Book
from mediaops_simulator.truth.reading import ACTIVE, ENGAGEMENTS, Reading

__all__ = ["DIMENSIONS", "MEASURES", "Cell", "active_actors", "measure", "start_of"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A period's start (a day, or a moment in UTC) and the group it belongs to."""

    start: str
    group: str = ""


Measure = Callable[[Act, str], int]
"""(act, the type it is counted as) → what it adds."""


def _counting(*types: str) -> Measure:
    return lambda act, type_: act.count if type_ in types else 0


def _once(*types: str) -> Measure:
    return lambda act, type_: 1 if type_ in types else 0


MEASURES: dict[str, Measure] = {
    "activities": lambda act, type_: 1,
    "views": _counting("view.recorded"),
    "engagements": _counting(*ENGAGEMENTS),
    "likes": _counting("like.created"),
    "comments": _counting("comment.created"),
    "shares": _counting("share.created"),
    "favourites": _counting("favourite.created"),
    "follows": _once("follow.created"),
    "unfollows": _once("follow.removed"),
    "revenue": lambda act, type_: (act.amount or 0) if type_ == "order.paid" else 0,
}
"""Metrics that are sums over acts."""

DIMENSIONS: dict[str, Callable[[Act, str], str | None]] = {
    "channel": lambda act, type_: act.account,
    "type": lambda act, type_: type_,
    "content": lambda act, type_: act.content,
    "region": lambda act, type_: act.region,
}


def start_of(at: int, granularity: str, zone: ZoneInfo) -> str:
    """The day of a moment, or the moment (UTC) at which its local hour began."""
    local = datetime.fromtimestamp(at, UTC).astimezone(zone)
    if granularity == "day":
        return local.date().isoformat()
    if granularity == "hour":
        return local.replace(minute=0, second=0).astimezone(UTC).isoformat()
    raise ValueError(granularity)


def measure(
    book: Book, reading: Reading, metric: str, granularity: str, dimension: str | None = None
) -> Counter[Cell]:
    """Every cell of a summing metric that is not 0."""
    cells: Counter[Cell] = Counter()
    adds = MEASURES[metric]
    for line in book.lines:
        type_ = reading(line.act)
        if type_ is None:
            continue
        group = "" if dimension is None else DIMENSIONS[dimension](line.act, type_) or ""
        cells[Cell(start_of(line.act.at, granularity, book.zone), group)] += adds(line.act, type_)
    return Counter({cell: value for cell, value in cells.items() if value})


def active_actors(book: Book, reading: Reading, dimension: str | None = None) -> Counter[Cell]:
    """How many different actors were active on each day, in all or by channel."""
    actors: dict[Cell, set[str]] = defaultdict(set)
    for line in book.lines:
        actor = actor_of(line.act)
        if actor is not None and reading(line.act) in ACTIVE:
            group = line.act.account if dimension == "channel" else ""
            actors[Cell(start_of(line.act.at, "day", book.zone), group)].add(actor)
    return Counter({cell: len(people) for cell, people in actors.items()})
