"""Appends to the bitmaps of (channel, local day), and reads them with all deltas united."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Table, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.audience.statements import stored_ids
from mediaops_common.audience.tables import ALL, AudienceTables
from mediaops_common.bulk import insert_stored

if TYPE_CHECKING:
    from pyroaring import BitMap

__all__ = [
    "Cell",
    "append",
    "load",
    "load_channels",
    "load_each",
    "seen_before",
    "slices",
    "united",
]

Cell = tuple[UUID, UUID, int]
"""(workspace, channel, day number)."""

SLICE = 64
"""Days with a bitmap read at once where all of history is read: what bounds the memory of such an
answer."""

FIRST = 0
"""The first day number: 1970-01-01."""

DELTA = ("generation", "workspace_id", "channel_id", "day", "bits")


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
        await insert_stored(session, tables.delta, DELTA, _delta_rows(generation, cells, stored))


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


async def slices(
    session: AsyncSession,
    tables: AudienceTables,
    generation: int,
    workspace_id: UUID,
    channel_id: UUID,
    first: int,
    last: int,
) -> list[tuple[int, int]]:
    """The range in parts of so few days with a bitmap that they can be read at once: (first day,
    last day), one after the other, from the first day that has one. A gap of years is no part."""
    connection = await session.connection()
    days: set[int] = set()
    for table in _deltas_first(tables):
        found = await connection.execute(
            select(table.c.day)
            .where(
                table.c.generation == generation,
                table.c.workspace_id == workspace_id,
                table.c.channel_id == channel_id,
                table.c.day >= first,
                table.c.day <= last,
            )
            .distinct()
        )
        days.update(found.scalars())
    starts = sorted(days)[::SLICE]
    return list(zip(starts, [start - 1 for start in starts[1:]] + [last], strict=False))


async def load_each(
    session: AsyncSession,
    tables: AudienceTables,
    generation: int,
    workspace_id: UUID,
    channel_id: UUID,
    from_day: int,
    to_day: int,
) -> AsyncIterator[dict[int, "BitMap"]]:
    """As `load`, in slices of days from old to new."""
    scope = (session, tables, generation, workspace_id, channel_id)
    for start, end in await slices(*scope, from_day, to_day):
        yield await load(*scope, start, end)


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
    history = load_each(session, tables, generation, workspace_id, channel_id, FIRST, day - 1)
    async for days in history:
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
