"""Queries over publications."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec
from mediaops_common.db import upsert
from mediaops_common.events import PublicationRegistered
from sqlalchemy import Table
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_insights.contents.models import Publication

TABLE: Table = Publication.__table__  # type: ignore[attr-defined]

KEY = ("workspace_id", "publication_id")


async def version(session: AsyncSession, workspace_id: UUID, publication_id: UUID) -> int:
    """−1 for a publication that is not known."""
    query = select(Publication.version).where(
        Publication.workspace_id == workspace_id, Publication.publication_id == publication_id
    )
    found = (await session.exec(query)).one_or_none()
    return -1 if found is None else found


async def replace(session: AsyncSession, event: PublicationRegistered) -> None:
    row: dict[str, Any] = msgspec.structs.asdict(event)
    changing = [name for name in row if name not in KEY]
    await upsert(session, TABLE, [row], key=KEY, replace=changing)


async def publications(
    session: AsyncSession, workspace_id: UUID, external_ids: Collection[str]
) -> dict[tuple[UUID, str], Publication]:
    """(channel, external id) → publication; of several, the one published last."""
    query = (
        select(Publication)
        .where(
            Publication.workspace_id == workspace_id,
            col(Publication.external_id).in_(sorted(external_ids)),
        )
        .order_by(col(Publication.published_at), col(Publication.publication_id))
    )
    return {(row.channel_id, row.external_id): row for row in await session.exec(query)}
