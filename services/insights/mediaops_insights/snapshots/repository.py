"""Queries over what platforms reported."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from mediaops_common.db import upsert
from sqlalchemy import Select, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.snapshots.models import SNAPSHOT

KEY = ("generation", "workspace_id", "channel_id", "content", "metric", "kind", "at")


async def put(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Writes reports; a correction of one that is there replaces its value."""
    await upsert(
        session,
        SNAPSHOT,
        rows,
        key=KEY,
        replace=["day", "as_of", "value", "snapshot_id", "is_retracted"],
        add=["corrections"],
    )


async def hide(
    session: AsyncSession, key: dict[str, Any], snapshot_id: UUID, corrections: int
) -> None:
    """Takes a report back, unless another stands in its place by now."""
    where = [SNAPSHOT.c[name] == value for name, value in key.items()]
    await session.exec(
        update(SNAPSHOT)
        .where(*where, SNAPSHOT.c.snapshot_id == snapshot_id)
        .values(is_retracted=True, corrections=SNAPSHOT.c.corrections + corrections)
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
