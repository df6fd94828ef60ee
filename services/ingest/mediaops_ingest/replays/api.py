"""`/ingest/v1/deliveries/replay` and `/ingest/v1/deliveries/replays`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from mediaops_common import audit_trail
from mediaops_common.http import (
    Caller,
    ClockDep,
    Invalid,
    LateTx,
    Reads,
    RuntimeDep,
    allow,
    parse_range,
)
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_ingest.deliveries import service as deliveries
from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.normaliser.source_book import SourceBook
from mediaops_ingest.replays import service
from mediaops_ingest.replays.models import Replay
from mediaops_ingest.replays.schemas import ReplayCreate, ReplayPreview, ReplayRead, ReplayStarted
from mediaops_ingest.sources import service as sources

__all__ = ["router"]

router = APIRouter(prefix="/ingest/v1/deliveries", tags=["replays"])

CanReplay = Annotated[Caller, allow("ingest:replay")]


@router.post("/replay", status_code=202, response_model=ReplayPreview | ReplayStarted)
async def replay_deliveries(
    wanted: ReplayCreate,
    response: Response,
    caller: CanReplay,
    session: Reads,
    late_tx: LateTx,
    clock: ClockDep,
    runtime: RuntimeDep,
) -> ReplayPreview | ReplayStarted:
    """Reads deliveries again under the source's mapping of today, or tells what would change."""
    log: DeliveryLog = runtime.state["delivery_log"]
    source_id = await _source_of(wanted, session, log, caller)
    source = await sources.find(session, caller.workspace_id, source_id)
    received = parse_range(wanted.from_, wanted.to, caller.timezone)
    replay = service.planned(
        source, received, wanted.delivery_ids, by=caller.subject, now=clock.now()
    )
    if wanted.preview:
        response.status_code = 200
        book = SourceBook(runtime.database, runtime.keys.box)
        return await service.preview(runtime.database, log, book, replay)
    # A preview may take seconds: the transaction that writes is opened only here.
    tx = await late_tx()
    await service.begin(tx, replay)
    await audit_trail.record(
        tx, caller, clock, action="replay", object_type="source", object_id=source.id
    )
    return ReplayStarted(replay_id=replay.id, state=replay.state)


async def _source_of(
    wanted: ReplayCreate, session: AsyncSession, log: DeliveryLog, caller: Caller
) -> UUID:
    """The source of all that is named. Raises NotFound for what is foreign."""
    named = set()
    if wanted.source_id is not None:
        named.add((await sources.find(session, caller.workspace_id, wanted.source_id)).id)
    for delivery_id in wanted.delivery_ids or ():
        found = await deliveries.find(session, log, caller.workspace_id, delivery_id)
        named.add(found.source_id)
    if len(named) != 1:
        raise Invalid("delivery_ids", "must all have come through one source")
    return named.pop()


@router.get("/replays/{replay_id}")
async def get_replay(
    replay_id: UUID, caller: Annotated[Caller, allow("ingest:read")], session: Reads
) -> ReplayRead:
    """How far a replay has come."""
    return _shown(await service.find(session, caller.workspace_id, replay_id))


def _shown(replay: Replay) -> ReplayRead:
    return ReplayRead(
        replay_id=replay.id,
        source_id=replay.source_id,
        state=replay.state,
        counts=replay.counts,
        error=replay.error,
        created_by=replay.created_by,
        created_at=replay.created_at,
        finished_at=replay.finished_at,
    )
