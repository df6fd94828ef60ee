"""The bus as the rest of the system sees it: records in partitions, read by groups."""

from collections.abc import Awaitable, Callable, Sequence, Set
from typing import Literal, NamedTuple, Protocol

import msgspec

__all__ = [
    "LARGEST_VALUE",
    "Assigned",
    "Bus",
    "BusUnavailable",
    "Chunk",
    "Consumer",
    "Locate",
    "LogBounds",
    "Place",
    "Record",
    "TopicIdentity",
]

LARGEST_VALUE = 15 << 20
"""The longest value of a record: with key and headers it fits into what a broker takes at once."""


class BusUnavailable(Exception):
    """The bus cannot be asked now."""


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One record. Lane and number travel beside the value: skipping needs no decoding."""

    key: bytes
    value: bytes
    producer: str
    shard: int
    slot: int
    seq: int
    """The number in its lane, from 1 without holes; 0 for heads."""
    kind: Literal["event", "heads", "void", "end"] = "event"
    """`heads` tells the last numbers of lanes; `void` is a number whose event cannot be published;
    `end` closes a topic that a rebuild reads."""


class TopicIdentity(NamedTuple):
    """Which log this is: another cluster or topic of the same name is another log."""

    cluster_id: str
    topic_id: str
    partitions: int


class LogBounds(NamedTuple):
    """The first offset that can be read and the one after the last."""

    start: int
    end: int


class Chunk(NamedTuple):
    """Records of one partition, in order."""

    topic: str
    partition: int
    records: Sequence[Record]
    offsets: Sequence[int]
    next_offset: int
    """Where to read on after this chunk."""
    end: int
    """The end of the log when the chunk was read: lag = end - next_offset."""


Place = tuple[str, int]
"""(topic, partition)."""


class Assigned(NamedTuple):
    """A partition that a member has been given, and its log as it is now."""

    topic: str
    partition: int
    identity: TopicIdentity
    bounds: LogBounds


Locate = Callable[[Sequence[Assigned]], Awaitable[Sequence[int]]]
"""Asked when partitions are newly assigned: at which offset of each shall reading begin?"""


class Consumer(Protocol):
    """One member of a group."""

    @property
    def places(self) -> Set[tuple[str, int]]:
        """The partitions, each with its topic, that this member reads now: none while the group is
        shared out anew, or where it has more members than partitions."""

    async def poll(self, max_records: int, timeout: float) -> list[Chunk]:
        """The next records of assigned partitions, at most one chunk each; [] after `timeout` s."""

    def relocate(self) -> None:
        """Ask `locate` again for every assigned partition."""

    async def close(self) -> None: ...


class Bus(Protocol):
    """A durable log with topics and partitions."""

    @property
    def trouble(self) -> str | None:
        """Why nothing can be published or read now; None while all is well."""

    async def topic(self, name: str, *, partitions: int | None = None) -> TopicIdentity:
        """The topic's identity; it is made when it is missing. Raises BusUnavailable."""

    async def retention_days(self, name: str) -> float | None:
        """How long a topic that is there keeps its records; None for ever. Raises
        BusUnavailable."""

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        """Appends the records in order; durable when this returns. After an error the outcome is
        unknown: some, all or none may be in the log."""

    async def consumer(self, group: str, topics: Sequence[str], locate: Locate) -> Consumer:
        """Joins a group. Nothing is committed to the bus: positions are the caller's."""

    async def bounds(self, places: Sequence[Place]) -> list[LogBounds]:
        """Of each (topic, partition) the first readable offset and the one after its last. Raises
        BusUnavailable."""

    async def delete_topic(self, name: str) -> None:
        """Removes a topic that nobody reads any more (those of rebuilds)."""

    async def close(self) -> None: ...
