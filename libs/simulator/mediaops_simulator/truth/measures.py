"""Metrics that are sums over acts, and how many actors were active."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from mediaops_simulator.company.acts import Act
from mediaops_simulator.company.cast import account
from mediaops_simulator.truth.audience import actor_of
from mediaops_simulator.truth.book import Book
from mediaops_simulator.truth.periods import start_of
from mediaops_simulator.truth.reading import ACTIVE, ENGAGEMENTS, Reading

__all__ = ["MEASURES", "Cell", "active_actors", "along_accounts", "measure"]


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
    "likes_removed": _counting("like.removed"),
    "comments": _counting("comment.created"),
    "comments_removed": _counting("comment.removed"),
    "shares": _counting("share.created"),
    "favourites": _counting("favourite.created"),
    "favourites_removed": _counting("favourite.removed"),
    "mentions": _counting("mention.created"),
    "votes": _counting("vote.cast"),
    "gifts": _counting("gift.sent"),
    "plays_completed": _counting("play.completed"),
    "messages": _counting("message.received"),
    "follows": _once("follow.created"),
    "unfollows": _once("follow.removed"),
    "followers_net": lambda act, type_: (type_ == "follow.created") - (type_ == "follow.removed"),
    "orders_paid": _once("order.paid"),
    "revenue": lambda act, type_: (act.amount or 0) if type_ == "order.paid" else 0,
}


def group_of(dimension: str | None, act: Act, type_: str) -> str:
    """What the act belongs to along a dimension; empty where it belongs to nothing."""
    match dimension:
        case "channel" | "platform" | "owner_kind":
            return along_accounts(dimension, act.account)
        case "content":
            return act.content or ""
        case "type":
            return type_
        case "region":
            return act.region or ""
        case "currency":
            return "CNY" if act.amount is not None else ""
    return ""


def along_accounts(dimension: str | None, key: str) -> str:
    """What an account belongs to along a dimension of accounts."""
    if dimension == "platform":
        return account(key).platform
    if dimension == "owner_kind":
        return account(key).owner_kind
    return key if dimension == "channel" else ""


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
        added = adds(line.act, type_)
        if added:
            start = start_of(line.act.at, granularity, book.zone)
            cells[Cell(start, group_of(dimension, line.act, type_))] += added
    return Counter({cell: value for cell, value in cells.items() if value})


def active_actors(
    book: Book, reading: Reading, granularity: str, dimension: str | None = None
) -> Counter[Cell]:
    """How many different actors were active in each period."""
    actors: dict[Cell, set[str]] = defaultdict(set)
    for line in book.lines:
        actor, type_ = actor_of(line.act), reading(line.act)
        if actor is not None and type_ in ACTIVE:
            start = start_of(line.act.at, granularity, book.zone)
            actors[Cell(start, along_accounts(dimension, line.act.account))].add(actor)
    return Counter({cell: len(people) for cell, people in actors.items()})
