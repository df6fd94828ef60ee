"""Queries over what platforms reported."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from mediaops_common.db import upsert
from mediaops_common.keyed import rows_keyed
from sqlalchemy import Select, bindparam, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.snapshots.models import COVERED, PLACE, SNAPSHOT

SAID = ("day", "as_of", "value", "is_retracted", "number")
ID = ("generation", "workspace_id", "snapshot_id")


async def standing_of(
    session: AsyncSession, ids: Sequence[tuple[Any, ...]]
) -> list[dict[str, Any]]:
    """The rows of places where these reports stand, or are hidden."""
    rows = await rows_keyed(session, SNAPSHOT, ID[-1:], [one[-1:] for one in ids])
    wanted = set(ids)
    return [row for row in rows if tuple(row[name] for name in ID) in wanted]


async def covered_of(session: AsyncSession, ids: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """These reports, as far as they do not stand."""
    return await rows_keyed(session, COVERED, ID, ids)


async def standing_at(
    session: AsyncSession, places: Sequence[Sequence[Any]]
) -> list[dict[str, Any]]:
    """The rows of these places."""
    return await rows_keyed(session, SNAPSHOT, PLACE, places)


async def covered_at(
    session: AsyncSession, places: Sequence[Sequence[Any]]
) -> list[dict[str, Any]]:
    """The reports that do not stand at these places."""
    return await rows_keyed(session, COVERED, PLACE, places)


async def put(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Writes what stands at places; to the corrections that are there is added."""
    replaced = [*SAID, "snapshot_id"]
    await upsert(session, SNAPSHOT, rows, key=PLACE, replace=replaced, add=["corrections"])


async def cover(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Keeps reports that do not stand."""
    await upsert(session, COVERED, rows, key=ID, replace=[*PLACE[2:], *SAID])


async def uncover(session: AsyncSession, ids: Sequence[tuple[Any, ...]]) -> None:
    """Those reports stand now."""
    if ids:
        its = (COVERED.c[name] == bindparam(f"its_{name}") for name in ID)
        connection = await session.connection()
        await connection.execute(
            delete(COVERED).where(*its),
            [{f"its_{n}": value for n, value in zip(ID, one, strict=True)} for one in sorted(ids)],
        )


async def reports(
    session: AsyncSession,
    generation: int,
    workspace_id: UUID,
    metrics: Collection[str],
    days: tuple[int, int],
    channels: Collection[UUID] | None,
    contents: Collection[str] | None,
) -> list[Any]:
    """Reports of those days in the order of time, with those taken back (for corrections)."""
    query = (
        select(
            SNAPSHOT.c.channel_id,
            SNAPSHOT.c.content,
            SNAPSHOT.c.metric,
            SNAPSHOT.c.kind,
            SNAPSHOT.c.day,
            SNAPSHOT.c.as_of,
            SNAPSHOT.c.value,
            SNAPSHOT.c.is_retracted,
            SNAPSHOT.c.corrections,
        )
        .where(
            *_of(generation, workspace_id, metrics),
            SNAPSHOT.c.day >= days[0],
            SNAPSHOT.c.day <= days[1],
            *_among(channels, contents),
        )
        .order_by(SNAPSHOT.c.day, SNAPSHOT.c.at)
    )
    return await _rows(session, query)


async def last_before(
    session: AsyncSession,
    generation: int,
    workspace_id: UUID,
    metrics: Collection[str],
    day: int,
    channels: Collection[UUID] | None,
    contents: Collection[str] | None,
) -> list[Any]:
    """Of every counter: its last standing report of each kind before that day."""
    by = (SNAPSHOT.c.channel_id, SNAPSHOT.c.content, SNAPSHOT.c.metric, SNAPSHOT.c.kind)
    last = (
        select(*by, func.max(SNAPSHOT.c.at).label("at"))
        .where(
            *_of(generation, workspace_id, metrics),
            SNAPSHOT.c.is_retracted.is_(False),
            SNAPSHOT.c.day < day,
            *_among(channels, contents),
        )
        .group_by(*by)
        .subquery()
    )
    query = select(
        SNAPSHOT.c.channel_id,
        SNAPSHOT.c.content,
        SNAPSHOT.c.metric,
        SNAPSHOT.c.kind,
        SNAPSHOT.c.day,
        SNAPSHOT.c.as_of,
        SNAPSHOT.c.value,
    ).join(
        last,
        (SNAPSHOT.c.generation == generation)
        & (SNAPSHOT.c.workspace_id == workspace_id)
        & (SNAPSHOT.c.channel_id == last.c.channel_id)
        & (SNAPSHOT.c.content == last.c.content)
        & (SNAPSHOT.c.metric == last.c.metric)
        & (SNAPSHOT.c.kind == last.c.kind)
        & (SNAPSHOT.c.at == last.c.at),
    )
    return await _rows(session, query)


async def channels_reported(
    session: AsyncSession,
    generation: int,
    workspace_id: UUID,
    metrics: Collection[str],
    channels: Collection[UUID],
) -> set[UUID]:
    """Those of the channels that ever had an increase reported of the channel as a whole."""
    query = (
        select(SNAPSHOT.c.channel_id)
        .distinct()
        .where(
            *_of(generation, workspace_id, metrics),
            *_among(channels, {""}),
            SNAPSHOT.c.kind != "gauge",
            SNAPSHOT.c.is_retracted.is_(False),
        )
    )
    return {row.channel_id for row in await _rows(session, query)}


async def of_contents(
    session: AsyncSession,
    generation: int,
    workspace_id: UUID,
    channels: Collection[UUID],
    contents: Collection[str],
) -> list[Any]:
    """Every standing report of these contents, in the order of time."""
    query = (
        select(SNAPSHOT)
        .where(
            SNAPSHOT.c.generation == generation,
            SNAPSHOT.c.workspace_id == workspace_id,
            SNAPSHOT.c.channel_id.in_(sorted(channels)),
            SNAPSHOT.c.content.in_(sorted(contents)),
            SNAPSHOT.c.is_retracted.is_(False),
        )
        .order_by(SNAPSHOT.c.as_of, SNAPSHOT.c.kind)
    )
    return await _rows(session, query)


def _of(generation: int, workspace_id: UUID, metrics: Collection[str]) -> list[Any]:
    return [
        SNAPSHOT.c.generation == generation,
        SNAPSHOT.c.workspace_id == workspace_id,
        SNAPSHOT.c.metric.in_(sorted(metrics)),
    ]


def _among(channels: Collection[UUID] | None, contents: Collection[str] | None) -> list[Any]:
    among = []
    if channels is not None:
        among.append(SNAPSHOT.c.channel_id.in_(sorted(channels)))
    if contents is not None:
        among.append(SNAPSHOT.c.content.in_(sorted(contents)))
    return among


async def _rows(session: AsyncSession, query: Select[Any]) -> list[Any]:
    connection = await session.connection()
    return list((await connection.execute(query)).all())
