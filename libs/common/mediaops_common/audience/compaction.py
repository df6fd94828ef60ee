"""Folds the deltas of a (channel, day) into its bitmap: in the background, and to clear bits."""

import asyncio
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common.audience.bitmaps import united
from mediaops_common.audience.tables import AudienceTables
from mediaops_common.db import insert_new, upsert

if TYPE_CHECKING:
    from pyroaring import BitMap

__all__ = ["CROWDED", "compact", "crowded", "fold", "hold"]

CROWDED = 16
"""Deltas of one (channel, day) from which folding them is worth rewriting its bitmap."""

CHUNK = 400
"""Channels in one IN list."""

BASE_KEY = ["generation", "workspace_id", "channel_id", "day"]


async def crowded(
    session: AsyncSession, tables: AudienceTables, limit: int, at_least: int = CROWDED
) -> list[tuple[int, UUID, int, UUID]]:
    """(generation, workspace, day, channel) with that many deltas, the most first."""
    delta = tables.delta
    count = func.count()
    key = (delta.c.generation, delta.c.workspace_id, delta.c.day, delta.c.channel_id)
    connection = await session.connection()
    found = await connection.execute(
        select(*key).group_by(*key).having(count >= at_least).order_by(count.desc()).limit(limit)
    )
    return [tuple(row) for row in found]


async def compact(
    session: AsyncSession, tables: AudienceTables, limit: int, at_least: int = CROWDED
) -> int:
    """Folds up to `limit` bitmaps, the most crowded first; returns how many it folded.

    What readers see stays the same; an append that commits meanwhile is left for the next time.
    """
    groups: dict[tuple[int, UUID, int], list[UUID]] = {}
    for generation, workspace_id, day, channel_id in await crowded(
        session, tables, limit, at_least
    ):
        groups.setdefault((generation, workspace_id, day), []).append(channel_id)
    for key, channels in sorted(groups.items()):
        await fold(session, tables, *key, await hold(session, tables, *key, channels))
    return sum(len(channels) for channels in groups.values())


async def hold(
    session: AsyncSession,
    tables: AudienceTables,
    generation: int,
    workspace_id: UUID,
    day: int,
    channels: Collection[UUID],
) -> dict[UUID, bytes]:
    """Channel → its bitmap, of which nobody else folds one until the transaction ends: who wants to
    waits, and then reads what is left.

    A transaction holds all that it needs of a day at once, and takes the days in order: so no two
    wait for each other in a circle.
    """
    bitmap, ordered = tables.bitmap, sorted(channels)
    scope = {"generation": generation, "workspace_id": workspace_id, "day": day}
    # The rows are the locks. Those that are missing come first, of all channels: who makes one has
    # locked it, and has locked none that was there already.
    missing = [{**scope, "channel_id": channel, "bits": b""} for channel in ordered]
    await insert_new(session, bitmap, missing, key=BASE_KEY)
    connection = await session.connection()
    held: dict[UUID, bytes] = {}
    for start in range(0, len(ordered), CHUNK):
        part = ordered[start : start + CHUNK]
        rows = await connection.execute(
            select(bitmap.c.channel_id, bitmap.c.bits)
            .where(*_of(bitmap, scope), bitmap.c.channel_id.in_(part))
            .order_by(bitmap.c.channel_id)
            .with_for_update()
        )
        held |= {row.channel_id: row.bits for row in rows}
    return held


async def fold(
    session: AsyncSession,
    tables: AudienceTables,
    generation: int,
    workspace_id: UUID,
    day: int,
    held: Mapping[UUID, bytes],
    without: "Mapping[UUID, BitMap] | None" = None,
) -> None:
    """Makes one bitmap of the bitmap and the deltas of each channel, less the bits of `without`."""
    scope = {"generation": generation, "workspace_id": workspace_id, "day": day}
    rows = list(held.items())
    for start in range(0, len(rows), CHUNK):
        await _fold(session, tables, scope, rows[start : start + CHUNK], without or {})


async def _fold(
    session: AsyncSession,
    tables: AudienceTables,
    scope: dict[str, Any],
    held: list[tuple[UUID, bytes]],
    without: "Mapping[UUID, BitMap]",
) -> None:
    delta, channels = tables.delta, [channel for channel, _bits in held]
    connection = await session.connection()
    added = (
        await connection.execute(
            select(delta.c.channel_id, delta.c.bits, delta.c.id).where(
                *_of(delta, scope), delta.c.channel_id.in_(channels)
            )
        )
    ).all()
    rows = [*held, *((row.channel_id, row.bits) for row in added)]
    folded = await asyncio.to_thread(_less, rows, without)
    await upsert(
        session,
        tables.bitmap,
        [
            {**scope, "channel_id": channel, "bits": folded.get(channel, b"")}
            for channel in channels
        ],
        key=BASE_KEY,
        replace=["bits"],
    )
    ids = [row.id for row in added]
    for start in range(0, len(ids), CHUNK):
        await connection.execute(delete(delta).where(delta.c.id.in_(ids[start : start + CHUNK])))


def _of(table: Any, scope: dict[str, Any]) -> list[Any]:
    return [table.c[name] == value for name, value in scope.items()]


def _less(rows: list[tuple[Any, ...]], without: "Mapping[UUID, BitMap]") -> "dict[UUID, bytes]":
    maps = united(rows)
    for channel, gone in without.items():
        if channel in maps:
            maps[channel] -= gone
    return {channel: bits.serialize() for channel, bits in maps.items() if bits}
