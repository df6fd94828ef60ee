"""Clears bits: what a retraction takes back."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.audience.bitmaps import Cell, load_channels
from mediaops_common.audience.compaction import fold, hold
from mediaops_common.audience.tables import ALL, AudienceTables

if TYPE_CHECKING:
    from pyroaring import BitMap

__all__ = ["clear_bits"]


async def clear_bits(
    session: AsyncSession,
    tables: AudienceTables,
    generation: int,
    cells: Mapping[Cell, Iterable[int]],
) -> "dict[tuple[UUID, int], BitMap]":
    """The ordinals were not active on those channels and days after all.

    Returns per (workspace, day) those of them that no other channel saw on that day: in the
    workspace as a whole they were not active either.
    """
    from pyroaring import BitMap

    by_day: dict[tuple[UUID, int], dict[UUID, BitMap]] = {}
    for (workspace_id, channel_id, day), ordinals in cells.items():
        by_day.setdefault((workspace_id, day), {})[channel_id] = BitMap(ordinals)
    gone: dict[tuple[UUID, int], BitMap] = {}
    for (workspace_id, day), cleared in sorted(by_day.items()):
        key = (generation, workspace_id, day)
        held = await hold(session, tables, *key, {ALL, *cleared})
        whole = {ALL: held.pop(ALL)}
        await fold(session, tables, *key, held, cleared)
        asked = BitMap.union(BitMap(), *cleared.values())
        for bits in (await load_channels(session, tables, *key)).values():
            asked -= bits
        if asked:
            await fold(session, tables, *key, whole, {ALL: asked})
            gone[workspace_id, day] = asked
    return gone
