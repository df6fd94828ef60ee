"""Queries over sources, their secrets and mappings."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from mediaops_common.db import insert_into, rows_by_key, upsert
from mediaops_common.http import NotFound
from sqlalchemy import Table, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.limit import Limit
from mediaops_ingest.sources.models import MappingRevision, RegistryVersion, Source, SourceSecret

SOURCES: Table = Source.__table__  # type: ignore[attr-defined]
VERSIONS: Table = RegistryVersion.__table__  # type: ignore[attr-defined]


async def find(
    session: AsyncSession, workspace_id: UUID, source_id: UUID, *, to_change: bool = False
) -> Source:
    """Raises NotFound, also for a source of another workspace."""
    query = select(Source).where(Source.workspace_id == workspace_id, Source.id == source_id)
    if to_change:
        query = query.with_for_update()
    source = (await session.exec(query)).one_or_none()
    if source is None:
        raise NotFound(f"no source {source_id}")
    return source


async def find_by_hook(session: AsyncSession, digest: bytes) -> Source | None:
    return (await session.exec(select(Source).where(Source.hook_digest == digest))).one_or_none()


async def by_ids(session: AsyncSession, ids: Collection[UUID]) -> list[Source]:
    """For those who work on deliveries of all workspaces; routes use `find` and `page`."""
    return list((await session.exec(select(Source).where(col(Source.id).in_(ids)))).all())


async def enabled_versions(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, int]:
    """id → version of those that are enabled, of all workspaces."""
    query = SOURCES.select().with_only_columns(SOURCES.c.id, SOURCES.c.version)
    enabled = query.where(SOURCES.c.is_enabled)
    return {row.id: row.version for row in await rows_by_key(session, enabled, SOURCES.c.id, ids)}


async def limits(session: AsyncSession) -> dict[UUID, Limit]:
    """id → what it is limited to, of the sources of all workspaces that have a limit of their own.
    Few have one."""
    limited = col(Source.items_per_second).is_not(None)
    query = select(Source.id, Source.items_per_second, Source.burst).where(limited)
    found = {id_: Limit.of(rate, burst) for id_, rate, burst in await session.exec(query)}
    return {id_: limit for id_, limit in found.items() if limit is not None}


async def by_adapter(session: AsyncSession, adapter: str) -> list[Source]:
    """Of all workspaces, for jobs."""
    return list((await session.exec(select(Source).where(Source.adapter == adapter))).all())


async def page(
    session: AsyncSession,
    workspace_id: UUID,
    *,
    channel_id: UUID | None,
    among: Collection[UUID] | None,
    after: UUID | None,
    limit: int,
) -> list[Source]:
    """Ordered by id. `among` limits it to these sources."""
    query = select(Source).where(Source.workspace_id == workspace_id)
    if channel_id is not None:
        query = query.where(Source.channel_id == channel_id)
    if among is not None:
        query = query.where(col(Source.id).in_(among))
    if after is not None:
        query = query.where(Source.id > after)
    return list((await session.exec(query.order_by(col(Source.id)).limit(limit))).all())


async def add_if_new(session: AsyncSession, source: Source) -> tuple[Source, bool]:
    """The source of that id, whoever made it first, and whether that was this call."""
    query = select(Source).where(Source.id == source.id)
    known = (await session.exec(query)).one_or_none()
    if known is not None:
        return known, False
    # Two doors may meet a channel's first post at once: the second one finds the first one's row.
    values = {column.name: getattr(source, column.name) for column in SOURCES.columns}
    connection = await session.connection()
    inserted = await connection.execute(
        insert_into(SOURCES, connection.dialect.name)
        .values(values)
        .on_conflict_do_nothing(index_elements=[SOURCES.c.id])
    )
    return (await session.exec(query)).one(), inserted.rowcount == 1


async def secret_sets(session: AsyncSession, source_id: UUID) -> list[SourceSecret]:
    """All sets it ever had, newest first."""
    query = select(SourceSecret).where(SourceSecret.source_id == source_id)
    return list((await session.exec(query.order_by(col(SourceSecret.id).desc()))).all())


async def secret_sets_of(
    session: AsyncSession, ids: Collection[UUID]
) -> dict[UUID, list[SourceSecret]]:
    """Likewise of several sources; those that never had one are absent."""
    query = select(SourceSecret).where(col(SourceSecret.source_id).in_(ids))
    found: dict[UUID, list[SourceSecret]] = {}
    for one in await session.exec(query.order_by(col(SourceSecret.id).desc())):
        found.setdefault(one.source_id, []).append(one)
    return found


async def retire_secrets(session: AsyncSession, source_id: UUID, *, live_until: datetime) -> None:
    """No set stays live longer than that, and none shorter than was said when it was replaced."""
    until = col(SourceSecret.live_until)
    old = update(SourceSecret).where(
        col(SourceSecret.source_id) == source_id, until.is_(None) | (until > live_until)
    )
    await session.exec(old.values(live_until=live_until))


async def set_end(session: AsyncSession, source_id: UUID, expires_at: datetime) -> None:
    """When the platform ends the set that is in force."""
    current = update(SourceSecret).where(
        col(SourceSecret.source_id) == source_id, col(SourceSecret.live_until).is_(None)
    )
    await session.exec(current.values(expires_at=expires_at))


async def mappings(session: AsyncSession, source_id: UUID) -> list[MappingRevision]:
    """All revisions, newest first."""
    query = select(MappingRevision).where(MappingRevision.source_id == source_id)
    return list((await session.exec(query.order_by(col(MappingRevision.revision).desc()))).all())


async def find_mapping(
    session: AsyncSession, source_id: UUID, revision: int
) -> MappingRevision | None:
    query = select(MappingRevision).where(
        MappingRevision.source_id == source_id, MappingRevision.revision == revision
    )
    return (await session.exec(query)).one_or_none()


async def raise_version(session: AsyncSession) -> None:
    await upsert(session, VERSIONS, [{"id": 1, "number": 1}], key=["id"], add=["number"])


async def version(session: AsyncSession) -> int:
    query = select(RegistryVersion.number).where(RegistryVersion.id == 1)
    return (await session.exec(query)).one_or_none() or 0
