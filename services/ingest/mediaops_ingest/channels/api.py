"""Channels over HTTP."""

from typing import Annotated
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

from mediaops_ingest.channels import service
from mediaops_ingest.channels.schemas import ChannelCreate, ChannelRead, ChannelUpdate, OwnerKind
from mediaops_ingest.channels.service import Channel
from mediaops_ingest.sources import service as sources

router = APIRouter(prefix="/ingest/v1/channels", tags=["channels"])

Reader = Annotated[Caller, allow("ingest:read")]
Writer = Annotated[Caller, allow("ingest:write")]


@router.post("", status_code=201, response_model=ChannelRead)
async def connect_channel(
    body: ChannelCreate,
    response: Response,
    tx: Tx,
    clock: ClockDep,
    runtime: RuntimeDep,
    caller: Writer,
) -> Channel:
    channel = await service.connect(tx, caller.workspace_id, body, clock.now())
    await sources.announce(tx, runtime.keys.box, runtime.state["door_cache"])
    await audit_trail.record(
        tx, caller, clock, action="connect", object_type="channel", object_id=channel.id
    )
    response.headers["ETag"] = etag(channel.version)
    return channel


@router.get("", response_model=Page[ChannelRead])
async def list_channels(
    page: PageQuery,
    reads: Reads,
    caller: Reader,
    platform: Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,40}$")] = None,
    owner_kind: OwnerKind | None = None,
) -> Page[ChannelRead]:
    rows = await service.page(
        reads,
        caller.workspace_id,
        platform=platform,
        owner_kind=owner_kind,
        after=page.after_id(),
        limit=page.limit + 1,
    )
    kept, after = page_of(rows, page, lambda channel: [str(channel.id)])
    return Page(items=[ChannelRead.model_validate(channel) for channel in kept], next=after)


@router.get("/{channel_id}", response_model=ChannelRead)
async def read_channel(
    channel_id: UUID, response: Response, reads: Reads, caller: Reader
) -> Channel:
    channel = await service.find(reads, caller.workspace_id, channel_id)
    response.headers["ETag"] = etag(channel.version)
    return channel


@router.patch("/{channel_id}", response_model=ChannelRead)
async def change_channel(
    channel_id: UUID,
    body: ChannelUpdate,
    request: Request,
    response: Response,
    tx: Tx,
    clock: ClockDep,
    caller: Writer,
) -> Channel:
    channel = await service.find(tx, caller.workspace_id, channel_id, to_change=True)
    require_match(request, channel.version)
    await service.change(tx, channel, body, clock.now())
    await audit_trail.record(
        tx,
        caller,
        clock,
        action="change",
        object_type="channel",
        object_id=channel.id,
        detail={"fields": sorted(body.model_fields_set)},
    )
    response.headers["ETag"] = etag(channel.version)
    return channel
