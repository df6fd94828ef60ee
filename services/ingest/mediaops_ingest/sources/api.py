"""Sources over HTTP."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from mediaops_common import audit_trail
from mediaops_common.http import (
    Caller,
    ClockDep,
    Page,
    PageQuery,
    Reads,
    RuntimeDep,
    Tx,
    allow,
    etag,
    page_of,
    require_match,
)

from mediaops_ingest.limit import Limit
from mediaops_ingest.sources import service, trials, visibility
from mediaops_ingest.sources.models import MappingRevision, Source
from mediaops_ingest.sources.schemas import (
    MappingRead,
    SampleSent,
    SecretRotate,
    SecretsRotated,
    SourceCreate,
    SourceMade,
    SourceRead,
    SourceSummary,
    SourceUpdate,
    TrialRequest,
    TrialResult,
)
from mediaops_ingest.sources.secrets import SecretsLocked, open_hook_key

router = APIRouter(prefix="/ingest/v1/sources", tags=["sources"])

Reader = Annotated[Caller, allow("ingest:read", partners=True)]
Staff = Annotated[Caller, allow("ingest:read")]
Writer = Annotated[Caller, allow("ingest:write")]


@router.post("", status_code=201, response_model=SourceMade)
async def create_source(
    body: SourceCreate,
    response: Response,
    tx: Tx,
    clock: ClockDep,
    runtime: RuntimeDep,
    caller: Writer,
) -> SourceMade:
    made = await service.create(
        tx, runtime.keys.box, caller.workspace_id, body, by=caller.subject, now=clock.now()
    )
    await _announce(tx, runtime, made.source)
    await _note(tx, caller, clock, "create", made.source, adapter=made.source.adapter)
    response.headers["ETag"] = etag(made.source.version)
    shown = _shown(made.source, runtime, caller)
    return SourceMade(**shown, mapping=made.mapping, secrets=made.secrets)


@router.get("", response_model=Page[SourceSummary])
async def list_sources(
    page: PageQuery,
    reads: Reads,
    runtime: RuntimeDep,
    caller: Reader,
    channel_id: Annotated[UUID | None, Query()] = None,
) -> Page[SourceSummary]:
    if channel_id is not None:
        await visibility.check_channel(reads, caller, channel_id)
    rows = await service.page(
        reads,
        caller.workspace_id,
        channel_id=channel_id,
        among=visibility.visible_sources(caller),
        after=page.after_id(),
        limit=page.limit + 1,
    )
    kept, after = page_of(rows, page, lambda source: [str(source.id)])
    items = [SourceSummary(**_shown(source, runtime, caller)) for source in kept]
    return Page(items=items, next=after)


@router.get("/{source_id}", response_model=SourceRead)
async def read_source(
    source_id: UUID, response: Response, reads: Reads, runtime: RuntimeDep, caller: Reader
) -> SourceRead:
    source = await visibility.find_visible(reads, caller, source_id)
    response.headers["ETag"] = etag(source.version)
    mapping = await service.mapping_of(reads, source)
    return SourceRead(**_shown(source, runtime, caller), mapping=mapping)


@router.get("/{source_id}/mappings", response_model=Page[MappingRead])
async def list_mappings(source_id: UUID, reads: Reads, caller: Staff) -> Page[MappingRead]:
    """Every mapping it ever had, newest first, and who wrote it."""
    source = await service.find(reads, caller.workspace_id, source_id)
    rows: list[MappingRevision] = await service.mappings(reads, source.id)
    return Page(items=[MappingRead.model_validate(row) for row in rows])


@router.patch("/{source_id}", response_model=SourceRead)
async def change_source(
    source_id: UUID,
    body: SourceUpdate,
    request: Request,
    response: Response,
    tx: Tx,
    clock: ClockDep,
    runtime: RuntimeDep,
    caller: Writer,
) -> SourceRead:
    """Name, `enabled`, configuration, mapping, when its secrets end, limit; of an implicit source
    only the limit."""
    source = await service.find(tx, caller.workspace_id, source_id, to_change=True)
    require_match(request, source.version)
    await service.change(tx, runtime.keys.box, source, body, by=caller.subject, now=clock.now())
    await _announce(tx, runtime, source)
    await _note(tx, caller, clock, "change", source, fields=sorted(body.model_fields_set))
    response.headers["ETag"] = etag(source.version)
    mapping = await service.mapping_of(tx, source)
    return SourceRead(**_shown(source, runtime, caller), mapping=mapping)


@router.post("/{source_id}/rotate-secret", response_model=SecretsRotated)
async def rotate_secret(
    source_id: UUID,
    tx: Tx,
    clock: ClockDep,
    runtime: RuntimeDep,
    caller: Writer,
    body: SecretRotate | None = None,
) -> SecretsRotated:
    """Puts new secrets in force; the old ones go on proving requests for the overlap."""
    body = body or SecretRotate()
    source = await service.find(tx, caller.workspace_id, source_id, to_change=True)
    secrets, live_until = await service.rotate(
        tx,
        runtime.keys.box,
        source,
        body.secrets,
        overlap=timedelta(hours=body.overlap_hours),
        expires_at=body.secrets_expire_at,
        now=clock.now(),
    )
    await _announce(tx, runtime, source)
    await _note(tx, caller, clock, "rotate-secret", source, overlap_hours=body.overlap_hours)
    return SecretsRotated(secrets=secrets, old_live_until=live_until)


@router.post("/{source_id}/test", response_model=TrialResult)
async def try_request(
    source_id: UUID,
    body: TrialRequest,
    reads: Reads,
    clock: ClockDep,
    runtime: RuntimeDep,
    caller: Writer,
) -> TrialResult:
    """A dry run: the verdict on the proof, and what each item would become."""
    source = await service.find(reads, caller.workspace_id, source_id)
    opened, channel = await service.open_for_trial(reads, runtime.keys.box, source)
    # A mapping may take a while over a large body.
    return await asyncio.to_thread(
        trials.dry_run, opened, channel, caller.timezone, body, clock.now()
    )


@router.post("/{source_id}/send-test", response_model=SampleSent)
async def send_test(
    source_id: UUID, clock: ClockDep, runtime: RuntimeDep, caller: Writer
) -> SampleSent:
    """Sends a signed request of an unknown event through the real hook URL."""
    # No transaction stays open while the request is under way.
    async with runtime.database.read() as reads:
        source = await service.find(reads, caller.workspace_id, source_id)
        opened, _ = await service.open_for_trial(reads, runtime.keys.box, source)
    hook_url = runtime.inner_url + _hook_path(source, runtime)
    return await trials.send_sample(opened, hook_url, clock.now())


def _hook_path(source: Source, runtime: Any) -> str:
    """Raises SecretsLocked."""
    return f"/ingest/hooks/{open_hook_key(runtime.keys.box, source)}"


def _hook_url(source: Source, runtime: Any, caller: Caller) -> str | None:
    """The hook URL is a capability: readers do not get it."""
    if "ingest:write" not in caller.scopes or source.sealed_hook_key is None:
        return None
    try:
        return str(runtime.public_url + _hook_path(source, runtime))
    except SecretsLocked:
        return None  # who has lost the key must still see what there is, and disable it


def _shown(source: Source, runtime: Any, caller: Caller) -> dict[str, Any]:
    """What a caller sees of a source."""
    return {
        "id": source.id,
        "channel_id": source.channel_id,
        "adapter": source.adapter,
        "name": source.name,
        "enabled": source.is_enabled,
        "config": source.config,
        "mapping_revision": source.mapping_revision,
        "limit": Limit.of(source.items_per_second, source.burst),
        "hook_url": _hook_url(source, runtime, caller),
        "version": source.version,
        "created_at": source.created_at,
        "updated_at": source.updated_at,
    }


async def _announce(tx: Tx, runtime: Any, source: Source) -> None:
    await service.announce(tx, runtime.keys.box, runtime.state["door_cache"], source)


async def _note(
    tx: Tx, caller: Caller, clock: ClockDep, action: str, source: Source, **detail: Any
) -> None:
    await audit_trail.record(
        tx,
        caller,
        clock,
        action=action,
        object_type="source",
        object_id=source.id,
        detail=detail,
    )
