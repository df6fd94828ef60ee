"""Lanes: hole-free numbers per (producer, topic, shard, slot), packed by slot."""

from array import array
from collections.abc import Iterable, Mapping

from sqlalchemy import Table, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.bus.port import Record
from mediaops_common.db import upsert
from mediaops_common.ids import SHARDS
from mediaops_common.keyed import select_keyed
from mediaops_common.tables import SpineTables

__all__ = ["LaneKey", "LaneNumbers", "all_numbers", "pack", "unpack"]

LaneKey = tuple[str, str, int]
"""(producer, topic, slot): one row, with a number for each shard."""

LANE = ("producer", "topic", "slot")


def pack(numbers: Iterable[int]) -> bytes:
    """64-bit numbers as bytes, little-endian on every machine that runs this."""
    return array("q", numbers).tobytes()


def unpack(raw: bytes) -> list[int]:
    """The numbers that were packed."""
    return array("q", raw).tolist()


class LaneNumbers:
    """The last numbers of some lanes of one group, as read in one transaction."""

    def __init__(self, group: str, known: Mapping[LaneKey, list[int]] | None = None) -> None:
        self._group = group
        self._known = known or {}
        """Numbers from an earlier transaction, taken where it is known that they still hold or
        where they are compared before they count."""
        self._rows: dict[LaneKey, list[int]] = {}
        self._changed: set[LaneKey] = set()

    @property
    def rows(self) -> dict[LaneKey, list[int]]:
        """The numbers of every lane that was loaded, as they are now."""
        return self._rows

    async def load(
        self, session: AsyncSession | None, keys: Iterable[LaneKey], *, locking: bool = True
    ) -> None:
        """Reads and locks the rows of these lanes, in slot order; without a session only those
        that are known from before. A session that only reads cannot lock."""
        wanted = sorted(set(keys) - self._rows.keys())
        for key in wanted:
            if key in self._known:
                self._rows[key] = list(self._known[key])
        wanted = [key for key in wanted if key not in self._rows]
        if not wanted:
            return
        assert session is not None
        self._rows |= {key: [0] * SHARDS for key in wanted}
        rows = await select_keyed(
            session,
            _table(session),
            (*LANE, "numbers"),
            ("group", *LANE),
            [(self._group, *key) for key in wanted],
            locking=locking,
        )
        for producer, topic, slot, numbers in rows:
            self._rows[producer, topic, slot] = unpack(numbers)

    def last(self, producer: str, topic: str, shard: int, slot: int) -> int:
        return self._rows[producer, topic, slot][shard]

    def advance(self, topic: str, record: Record) -> bool:
        """Takes the record's number if it is the next of its lane; tells whether it was.

        A lower number is a repeat. A higher one is a gap: it is passed by without effect, for what
        is missing can only come behind it, in order, with all that was passed by.
        """
        key = (record.producer, topic, record.slot)
        numbers = self._rows[key]
        if record.seq != numbers[record.shard] + 1:
            return False
        numbers[record.shard] = record.seq
        self._changed.add(key)
        return True

    def begin_at(self, producer: str, topic: str, shard: int, slot: int, first: int) -> bool:
        """Passes by what lies below `first`, because nobody has it any more; tells whether anything
        did."""
        key = (producer, topic, slot)
        if self._rows[key][shard] >= first - 1:
            return False
        self._rows[key][shard] = first - 1
        self._changed.add(key)
        return True

    def same_as(self, other: "LaneNumbers") -> bool:
        """Whether the other was read with equal numbers."""
        return self._rows == other._rows

    def copy(self) -> "LaneNumbers":
        twin = LaneNumbers(self._group)
        twin._rows = {key: list(numbers) for key, numbers in self._rows.items()}
        return twin

    async def save(self, session: AsyncSession) -> None:
        """Writes the rows that advanced."""
        rows = [
            {
                "group": self._group,
                "producer": producer,
                "topic": topic,
                "slot": slot,
                "numbers": pack(self._rows[producer, topic, slot]),
            }
            for producer, topic, slot in self._changed
        ]
        await upsert(session, _table(session), rows, key=("group", *LANE), replace=["numbers"])


async def all_numbers(
    session: AsyncSession, tables: SpineTables, group: str
) -> dict[LaneKey, list[int]]:
    """Every lane of a group: what audits and swaps compare."""
    lane = tables.lane
    connection = await session.connection()
    found = await connection.execute(
        select(lane.c.producer, lane.c.topic, lane.c.slot, lane.c.numbers).where(
            lane.c.group == group
        )
    )
    return {(row.producer, row.topic, row.slot): unpack(row.numbers) for row in found}


def _table(session: AsyncSession) -> Table:
    tables: SpineTables = session.info["tables"]
    return tables.lane
