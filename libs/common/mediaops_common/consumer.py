"""What a service declares of its consumer groups, and what a group is given to apply."""

from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, zip_longest
from typing import Any, TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.context import following
from mediaops_common.events import (
    Activity,
    ActivityRecorded,
    ActivityRetracted,
    Event,
    SnapshotRecorded,
)
from mediaops_common.projections import Projection

__all__ = ["Batch", "ConsumerGroup", "Handlers"]


@dataclass
class Batch:
    """Events that the lanes allow now, in their order: of one partition or of several."""

    events: list[Event]
    projection: Projection
    now: datetime
    """The domain clock."""
    traces: Sequence[str | None] = ()
    """The traceparent that each event came with, where it is known."""
    numbers: Sequence[int] = ()
    """The number of each event in its lane, where it is known: what has a higher one was said
    later, also when it came earlier."""
    prepared: Any = None
    """What the group's `prepare` made of the batch."""
    recorded: list[Activity] = field(default_factory=list)
    retracted: list[ActivityRetracted] = field(default_factory=list)
    snapshots: list[SnapshotRecorded] = field(default_factory=list)
    snapshot_numbers: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        for place, event in enumerate(self.events):
            if isinstance(event, ActivityRecorded):
                self.recorded.append(event.activity)
            elif isinstance(event, ActivityRetracted):
                self.retracted.append(event)
            elif isinstance(event, SnapshotRecorded):
                self.snapshots.append(event)
                self.snapshot_numbers.append(self.numbers[place] if self.numbers else 0)


Apply = Callable[[AsyncSession, Batch], Awaitable[None]]
H = TypeVar("H", bound=Callable[[AsyncSession, Any], Awaitable[None]])


@dataclass(frozen=True)
class ConsumerGroup:
    """A group of a service: its name, what it reads and what it does with it."""

    name: str
    topics: Sequence[str]
    apply: Apply
    prepare: Callable[[Batch], Any] | None = None
    """Run in a thread before the transaction opens: aggregation that needs no database."""
    is_projection: bool = False
    """True where a rebuild rebuilds what this group writes (the group named `fast`)."""
    max_records: int = 4_000
    pace_seconds: float = 0.5
    """While events keep coming: the least time from one batch to the next. What comes alone, or
    after a pause, is applied at once."""
    wanted: Container[type[Event]] | None = None
    """The events it takes; None for every one of its topics."""
    out_of_turn: Container[type[Event]] = ()
    """Those that are applied behind a gap of their lane too, and once more in their turn: they need
    no order and do no harm twice."""


HANDLERS_PACE_SECONDS = 1.0
"""A transaction costs several milliseconds and a process has a dozen such groups."""

HANDLERS_MAX_RECORDS = 2_000
"""Most records of a topic are for other groups."""


class Handlers:
    """Functions that each handle one kind of event; together they are one group."""

    def __init__(self, group: str, pace_seconds: float = HANDLERS_PACE_SECONDS) -> None:
        self.group = group
        self._pace_seconds = pace_seconds
        self._by_class: dict[type[Event], list[Callable[[AsyncSession, Any], Awaitable[None]]]]
        self._by_class = {}
        self._together: dict[type[Event], list[Callable[[AsyncSession, Any], Awaitable[None]]]]
        self._together = {}
        self._out_of_turn: set[type[Event]] = set()

    def on(self, *classes: type[Event], out_of_turn: bool = False) -> Callable[[H], H]:
        """`out_of_turn`: as ConsumerGroup has it."""
        if out_of_turn:
            self._out_of_turn.update(classes)

        def register(function: H) -> H:
            for cls in classes:
                self._by_class.setdefault(cls, []).append(function)
            return function

        return register

    def on_several(self, *classes: type[Event], out_of_turn: bool = False) -> Callable[[H], H]:
        """The function gets a list: the events of one class that follow each other in a batch."""
        if out_of_turn:
            self._out_of_turn.update(classes)

        def register(function: H) -> H:
            for cls in classes:
                self._together.setdefault(cls, []).append(function)
            return function

        return register

    def classes(self) -> set[type[Event]]:
        return self._by_class.keys() | self._together.keys()

    def merged(self, other: "Handlers") -> "Handlers":
        """Both sets of functions as one group."""
        both = Handlers(self.group, min(self._pace_seconds, other._pace_seconds))
        for handlers in (self, other):
            for cls, functions in handlers._by_class.items():
                both._by_class.setdefault(cls, []).extend(functions)
            for cls, functions in handlers._together.items():
                both._together.setdefault(cls, []).extend(functions)
            both._out_of_turn |= handlers._out_of_turn
        return both

    async def apply(self, session: AsyncSession, batch: Batch) -> None:
        told = zip_longest(batch.events, batch.traces)
        for cls, alike in groupby(told, key=lambda one: type(one[0])):
            run = list(alike)
            for event, trace in run if cls in self._by_class else ():
                with following(trace):
                    for function in self._by_class[cls]:
                        await function(session, event)
            for function in self._together.get(cls, ()):
                await function(session, [event for event, _ in run])

    def as_group(self) -> ConsumerGroup:
        classes = self.classes()
        topics = sorted({str(cls.event_topic) for cls in classes})
        return ConsumerGroup(
            self.group,
            topics,
            self.apply,
            max_records=HANDLERS_MAX_RECORDS,
            pace_seconds=self._pace_seconds,
            wanted=classes,
            out_of_turn=self._out_of_turn,
        )
