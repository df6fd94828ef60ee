"""Queries over numbered names."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from mediaops_common.db import CHUNK, insert_new, rows_by_key
from sqlalchemy import select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.names.models import CONTENT, NAME, Kind

ContentKey = tuple[UUID, UUID, str]
"""(workspace, channel, external id)."""


async def numbers(session: AsyncSession, kind: Kind, texts: Collection[str]) -> dict[str, int]:
    """The numbers of the names that have one."""
    query = select(NAME.c.text, NAME.c.id).where(NAME.c.kind == int(kind))
    return {row.text: row.id for row in await rows_by_key(session, query, NAME.c.text, texts)}


async def all_numbers(session: AsyncSession, kind: Kind) -> list[int]:
    """Every number of that kind."""
    query = select(NAME.c.id).where(NAME.c.kind == int(kind)).order_by(NAME.c.id)
    connection = await session.connection()
    return list((await connection.execute(query)).scalars().all())


async def insert_names(session: AsyncSession, kind: Kind, texts: Iterable[str]) -> None:
    rows = [{"kind": int(kind), "text": text} for text in texts]
    await insert_new(session, NAME, rows, key=["kind", "text"])


async def texts(session: AsyncSession, wanted: Collection[int]) -> dict[int, str]:
    query = select(NAME.c.id, NAME.c.text)
    return {row.id: row.text for row in await rows_by_key(session, query, NAME.c.id, wanted)}


async def content_numbers(
    session: AsyncSession, workspace_id: UUID, external_ids: Collection[str]
) -> dict[tuple[UUID, str], int]:
    """(channel, external id) → number, of the workspace's contents with one of these ids."""
    query = select(CONTENT.c.channel_id, CONTENT.c.external_id, CONTENT.c.id).where(
        CONTENT.c.workspace_id == workspace_id
    )
    found = await rows_by_key(session, query, CONTENT.c.external_id, external_ids)
    return {(row.channel_id, row.external_id): row.id for row in found}


async def insert_contents(session: AsyncSession, keys: Iterable[ContentKey]) -> None:
    rows: list[dict[str, Any]] = [
        {"workspace_id": workspace_id, "channel_id": channel_id, "external_id": external_id}
        for workspace_id, channel_id, external_id in keys
    ]
    await insert_new(session, CONTENT, rows, key=["workspace_id", "external_id", "channel_id"])


async def content_texts(session: AsyncSession, wanted: Collection[int]) -> dict[int, str]:
    query = select(CONTENT.c.id, CONTENT.c.external_id)
    found = await rows_by_key(session, query, CONTENT.c.id, wanted)
    return {row.id: row.external_id for row in found}


async def newest_contents(
    session: AsyncSession,
    workspace_id: UUID,
    *,
    channel_ids: Collection[UUID] | None,
    external_id: str | None,
    below: int | None,
    limit: int,
) -> list[Any]:
    """Rows of `external_content`, those met last first."""
    query = select(CONTENT).where(CONTENT.c.workspace_id == workspace_id)
    if channel_ids is not None:
        query = query.where(CONTENT.c.channel_id.in_(list(channel_ids)[:CHUNK]))
    if external_id is not None:
        query = query.where(CONTENT.c.external_id == external_id)
    if below is not None:
        query = query.where(CONTENT.c.id < below)
    connection = await session.connection()
    query = query.order_by(CONTENT.c.id.desc()).limit(limit)
    return list((await connection.execute(query)).all())
