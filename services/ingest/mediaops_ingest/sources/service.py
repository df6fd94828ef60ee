"""What can be done with sources."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from mediaops_common import outbox
from mediaops_common.events import SourceSaved
from mediaops_common.http import Conflict
from mediaops_common.ids import derived_id, new_id
from mediaops_common.keys import SecretBox
from sqlalchemy import event
from sqlalchemy.orm import Session
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.channels import service as channels
from mediaops_ingest.limit import Limit
from mediaops_ingest.platforms.registry import API
from mediaops_ingest.sources import opening, repository
from mediaops_ingest.sources.models import MappingRevision, Source
from mediaops_ingest.sources.opened import Opened, Unopened
from mediaops_ingest.sources.schemas import SourceCreate, SourceUpdate
from mediaops_ingest.sources.secrets import (
    SecretsLocked,
    SecretValues,
    hook_digest,
    new_hook_key,
    open_hook_key,
    open_sets,
    seal_hook_key,
    seal_set,
)
from mediaops_ingest.sources.settling import adapter_named, check_mapping, settle, settle_anew

__all__ = [
    "Opened",
    "Source",
    "SystemSource",
    "announce",
    "api_source",
    "api_source_id",
]

find = repository.find
find_by_hook = repository.find_by_hook
by_ids = repository.by_ids
by_adapter = repository.by_adapter
page = repository.page
mappings = repository.mappings
version = repository.version
enabled_versions = repository.enabled_versions
limits = repository.limits


class SystemSource(Conflict):
    """The implicit source of a channel has no hook, secrets or mapping."""

    title, type = "This source belongs to the system", "system-source"


class DoorCache(Protocol):
    async def prepare(self, session: AsyncSession, source: Source) -> Any: ...

    def learn(self, known: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True)
class Made:
    source: Source
    secrets: SecretValues
    mapping: dict[str, Any] | None


async def create(
    session: AsyncSession,
    box: SecretBox,
    workspace_id: UUID,
    wanted: SourceCreate,
    *,
    by: str,
    now: datetime,
) -> Made:
    """Raises NotFound for a foreign channel, Invalid for a setting the adapter refuses."""
    channel = await channels.find(session, workspace_id, wanted.channel_id)
    settled = settle(adapter_named(wanted.adapter), wanted.secrets or {}, wanted.config or {})
    source_id, hook_key = new_id(), new_hook_key()
    source = Source(
        id=source_id,
        workspace_id=workspace_id,
        channel_id=channel.id,
        adapter=wanted.adapter,
        name=wanted.name or f"{channel.name} · {wanted.adapter}"[:200],
        is_enabled=True,
        config=settled.config,
        mapping_revision=0,
        hook_digest=hook_digest(hook_key.encode()),
        sealed_hook_key=seal_hook_key(box, workspace_id, source_id, hook_key),
        **_columns(wanted.limit),
        version=1,
        created_at=now,
        updated_at=now,
    )
    session.add(source)
    expires_at = wanted.secrets_expire_at
    session.add(seal_set(box, source, settled.secrets, now=now, expires_at=expires_at))
    if wanted.mapping is not None:
        _add_mapping(session, source, wanted.mapping, by=by, now=now)
    await _save(session, source)
    return Made(source, settled.secrets, wanted.mapping)


async def change(
    session: AsyncSession,
    box: SecretBox,
    source: Source,
    wanted: SourceUpdate,
    *,
    by: str,
    now: datetime,
) -> None:
    """`source` was found `to_change` in this transaction."""
    if wanted.model_fields_set != {"limit"}:
        _refuse_system(source)
    if wanted.changes_limit:
        for name, value in _columns(wanted.limit).items():
            setattr(source, name, value)
    if wanted.name is not None:
        source.name = wanted.name
    if wanted.enabled is not None:
        source.is_enabled = wanted.enabled
    if wanted.config is not None:
        current = await _current_secrets(session, box, source)
        settled = settle(adapter_named(source.adapter), current, wanted.config)
        source.config = settled.config
    if wanted.mapping is not None:
        _add_mapping(session, source, wanted.mapping, by=by, now=now)
    if wanted.secrets_expire_at is not None:
        await repository.set_end(session, source.id, wanted.secrets_expire_at)
    await _touch(session, source, now)


async def rotate(
    session: AsyncSession,
    box: SecretBox,
    source: Source,
    secrets: Mapping[str, Any] | None,
    *,
    overlap: timedelta,
    expires_at: datetime | None,
    now: datetime,
) -> tuple[SecretValues, datetime]:
    """Puts a new set in force; those before stay live for the overlap at most: with none, all of
    them end now.

    `source` was found `to_change` in this transaction.
    """
    _refuse_system(source)
    current = await _current_secrets(session, box, source)
    settled = settle_anew(adapter_named(source.adapter), current, secrets or {}, source.config)
    source.config = settled.config
    live_until = now + overlap
    await repository.retire_secrets(session, source.id, live_until=live_until)
    session.add(seal_set(box, source, settled.secrets, now=now, expires_at=expires_at))
    await _touch(session, source, now)
    return settled.secrets, live_until


async def open_source(session: AsyncSession, box: SecretBox, source: Source) -> Opened:
    """Its secrets in clear and its newest mapping. Raises SecretsLocked, AdapterUnknown."""
    sets = (await repository.secret_sets_of(session, [source.id])).get(source.id, [])
    return opening.open_to_prove(box, source, sets, await mapping_of(session, source))


async def open_to_read(
    session: AsyncSession, box: SecretBox, sources: Collection[Source]
) -> list[Opened | Unopened]:
    """Likewise of several, in their order. One that cannot be opened stops none of the others."""
    sets = await repository.secret_sets_of(session, [source.id for source in sources])
    return [
        opening.open_to_read(
            box, source, sets.get(source.id, []), await mapping_of(session, source)
        )
        for source in sources
    ]


async def open_for_trial(
    session: AsyncSession, box: SecretBox, source: Source
) -> tuple[Opened, channels.Channel]:
    """Raises SystemSource for an implicit source, which has no hook to try."""
    _refuse_system(source)
    assert source.channel_id is not None
    channel = await channels.find(session, source.workspace_id, source.channel_id)
    return await open_source(session, box, source), channel


async def mapping_of(session: AsyncSession, source: Source) -> dict[str, Any] | None:
    """The newest mapping; None where there is none."""
    if not source.mapping_revision:
        return None
    found = await repository.find_mapping(session, source.id, source.mapping_revision)
    return None if found is None else found.mapping


def api_source_id(owner_id: UUID) -> UUID:
    """The implicit source of a channel, or of a workspace for what names no channel of it."""
    return derived_id("api-source", str(owner_id))


async def api_source(
    session: AsyncSession, workspace_id: UUID, channel_id: UUID | None, *, now: datetime
) -> Source:
    """The implicit source, made the first time something comes for it."""
    wanted = Source(
        id=api_source_id(channel_id or workspace_id),
        workspace_id=workspace_id,
        channel_id=channel_id,
        adapter=API,
        name="API" if channel_id else "API, without a channel",
        is_enabled=True,
        config={},
        mapping_revision=0,
        version=1,
        created_at=now,
        updated_at=now,
    )
    source, is_new = await repository.add_if_new(session, wanted)
    if is_new:
        await _tell(session, source)
    return source


async def announce(
    session: AsyncSession, box: SecretBox, cache: DoorCache, source: Source | None = None
) -> None:
    """Lets every door see what this transaction did, and to which source: this replica's when it is
    committed, the others' within a second."""
    await repository.raise_version(session)
    known: dict[str, Any] = {}
    if source is not None:
        with suppress(SecretsLocked):  # the door says so when it is asked
            key = open_hook_key(box, source)
            if key is not None:
                known[key] = await cache.prepare(session, source)

    def committed(sync_session: Session) -> None:
        if not sync_session.in_nested_transaction():  # a savepoint is not the end of it
            cache.learn(known)

    event.listen(session.sync_session, "after_commit", committed)


async def _current_secrets(session: AsyncSession, box: SecretBox, source: Source) -> SecretValues:
    sets = open_sets(box, (await repository.secret_sets(session, source.id))[:1])
    return sets[0].values if sets else {}


def _add_mapping(
    session: AsyncSession, source: Source, mapping: dict[str, Any], *, by: str, now: datetime
) -> None:
    check_mapping(mapping)
    source.mapping_revision += 1
    session.add(
        MappingRevision(
            source_id=source.id,
            revision=source.mapping_revision,
            workspace_id=source.workspace_id,
            mapping=mapping,
            created_at=now,
            created_by=by,
        )
    )


def _columns(limit: Limit | None) -> dict[str, Any]:
    rate, burst = (None, None) if limit is None else (limit.items_per_second, limit.burst)
    return {"items_per_second": rate, "burst": burst}


def _refuse_system(source: Source) -> None:
    if source.adapter == API:
        raise SystemSource("it takes what comes through the API and cannot be changed")


async def _touch(session: AsyncSession, source: Source, now: datetime) -> None:
    source.version += 1
    source.updated_at = now
    await _save(session, source)


async def _save(session: AsyncSession, source: Source) -> None:
    await session.flush()
    await _tell(session, source)


async def _tell(session: AsyncSession, source: Source) -> None:
    told = SourceSaved(
        workspace_id=source.workspace_id,
        source_id=source.id,
        channel_id=source.channel_id,
        adapter=source.adapter,
        enabled=source.is_enabled,
        version=source.version,
    )
    await outbox.add(session, told, workspace_id=source.workspace_id)
