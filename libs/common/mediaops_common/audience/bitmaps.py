"""Appends to the bitmaps of (channel, local day), and reads them with all deltas united."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Table, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.audience.statements import BulkInsert, stored_ids
from mediaops_common.audience.tables import ALL, AudienceTables

if TYPE_CHECKING:
    from pyroaring import BitMap

__all__ = [
    "Cell",
    "append",
    "load",
    "load_channels",
    "load_each",
    "outer_days",
    "seen_before",
    "united",
]

Cell = tuple[UUID, UUID, int]
"""(workspace, channel, day number)."""

SLICE = 64
"""Days read at once where all of history is read: what bounds the memory of such an answer."""


async def append(
    session: AsyncSession,
    tables: AudienceTables,
    generation: int,
    cells: Mapping[Cell, Iterable[int]],
) -> None:
    """Marks the ordinals as active on those channels and days, and in the workspace as a whole.

    One insert, whatever the size of the bitmaps that are there. Marking again changes nothing.
    """
    if cells:
        stored = stored_ids(session)
        await _new_deltas(tables.delta).rows(session, _delta_rows(generation, cells, stored))


@cache
def _new_deltas(delta: Table) -> BulkInsert:
    return BulkInsert(delta, ("generation", "workspace_id", "channel_id", "day", "bits"))


def _delta_rows(
    generation: int, cells: Mapping[Cell, Iterable[int]], stored: Callable[[UUID], Any]
) -> list[tuple[Any, ...]]:
    from pyroaring import BitMap

    rows: list[tuple[Any, ...]] = []
    whole: dict[tuple[UUID, int], BitMap] = {}
    for (workspace_id, channel_id, day), ordinals in cells.items():
        bits = BitMap(ordinals)
        rows.append((generation, stored(workspace_id), stored(channel_id), day, bits.serialize()))
        # Once it is serialised, the first bitmap of a day serves as the sum of all channels.
        together = whole.get((workspace_id, day))
        if together is None:
            whole[workspace_id, day] = bits
        else:
            together |= bits
    for (workspace_id, day), bits in whole.items():
        rows.append((generation, stored(workspace_id), stored(ALL), day, bits.serialize()))
    return rows


def _deltas_first(tables: AudienceTables) -> tuple[Table, Table]:
    """The order to read in: where each statement sees what was committed before it, a fold in
    between shows a bit twice, which is harmless; the other way round it would hide it."""
    return tables.delta, tables.bitmap


def united(rows: Iterable[Sequence[Any]]) -> dict[Any, "BitMap"]:
    """(key, bits) rows → the union per key."""
    from pyroaring import BitMap

    found: dict[Any, BitMap] = {}
    for key, raw in rows:
        if not raw:  # a bitmap whose last bit was cleared
            continue
        bits = BitMap.deserialize(raw)
        known = found.get(key)
        if known is None:
            found[key] = bits
        else:
            known |= bits
    return found


async def load(
    session: AsyncSession,
    tables: AudienceTables,
    generation: int,
    workspace_id: UUID,
    channel_id: UUID,
    from_day: int,
    to_day: int,
) -> dict[int, "BitMap"]:
    """Day number → who was active; days without anybody are absent. Both ends belong to it."""
    connection = await session.connection()
    rows: list[Any] = []
    for table in _deltas_first(tables):
        found = await connection.execute(
            select(table.c.day, table.c.bits).where(
                table.c.generation == generation,
                table.c.workspace_id == workspace_id,
                table.c.channel_id == channel_id,
                table.c.day >= from_day,
                table.c.day <= to_day,
            )
        )
        rows.extend(found.all())
    return await asyncio.to_thread(united, rows)


async def load_each(
    session: AsyncSession,
    tables: AudienceTables,
    generation: int,
    workspace_id: UUID,
    channel_id: UUID,
    from_day: int | None,
    to_day: int,
) -> AsyncIterator[dict[int, "BitMap"]]:
    """As `load`, in slices of days from old to new; from the first day of all when None."""
    if from_day is None:
        outer = await outer_days(session, tables, generation, workspace_id, channel_id)
        if outer is None:
            return
        from_day = outer[0]
    for start in range(from_day, to_day + 1, SLICE):
        end = min(start + SLICE - 1, to_day)
        yield await load(session, tables, generation, workspace_id, channel_id, start, end)


async def seen_before(
    session: AsyncSession,
    tables: AudienceTables,
    generation: int,
    workspace_id: UUID,
    channel_id: UUID,
    day: int,
) -> "BitMap":
    """Everybody who was active on any earlier day."""
    from pyroaring import BitMap

    seen = BitMap()
    slices = load_each(session, tables, generation, workspace_id, channel_id, None, day - 1)
    async for days in slices:
        seen = await asyncio.to_thread(BitMap.union, seen, *days.values())
    return seen


async def load_channels(
    session: AsyncSession,
    tables: AudienceTables,
    generation: int,
    workspace_id: UUID,
    day: int,
) -> dict[UUID, "BitMap"]:
    """Channel → who was active on it that day, without the one that stands for all."""
    connection = await session.connection()
    rows: list[Any] = []
    for table in _deltas_first(tables):
        found = await connection.execute(
            select(table.c.channel_id, table.c.bits).where(
                table.c.generation == generation,
                table.c.workspace_id == workspace_id,
                table.c.day == day,
                table.c.channel_id != ALL,
            )
        )
        rows.extend(found.all())
    return await asyncio.to_thread(united, rows)


async def outer_days(
    session: AsyncSession,
    tables: AudienceTables,
    generation: int,
    workspace_id: UUID,
    channel_id: UUID,
) -> tuple[int, int] | None:
    """The first and the last day with a bitmap, or None."""
    connection = await session.connection()
    days: list[int] = []
    for table in _deltas_first(tables):
        # One statement per end: each is one look into the index.
        for end in (func.min, func.max):
            found = await connection.execute(
                select(end(table.c.day)).where(
                    table.c.generation == generation,
                    table.c.workspace_id == workspace_id,
                    table.c.channel_id == channel_id,
                )
            )
            day = found.scalar_one_or_none()
            if day is not None:
                days.append(int(day))
    return (min(days), max(days)) if days else None
