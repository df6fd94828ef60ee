"""`/ingest/v1/admin/…`: lag, audit, republish."""

from typing import Annotated, Any

from fastapi import APIRouter
from mediaops_common import audit_trail
from mediaops_common.admin import reports
from mediaops_common.admin.api import scope_of
from mediaops_common.http import (
    Caller,
    ClockDep,
    Forbidden,
    LateTx,
    Reads,
    RuntimeDep,
    allow,
    parse_earliest,
)
from pydantic import BaseModel, ConfigDict, Field

from mediaops_ingest.admin import audit, repository
from mediaops_ingest.deliveries.pending import pending_deliveries
from mediaops_ingest.deliveries.service import cursors
from mediaops_ingest.delivery_log.port import DeliveryLog
from mediaops_ingest.normaliser.worker import MARGIN
from mediaops_ingest.republish import service as republish

__all__ = ["router"]

router = APIRouter(prefix="/ingest/v1/admin", tags=["admin"])

CanRead = Annotated[Caller, allow("admin:read")]
CanWrite = Annotated[Caller, allow("admin:write")]


class SourceDayReport(BaseModel):
    """What a group applied of one source and local day of receipt, and what it keeps apart."""

    source_id: str
    day: Annotated[int, Field(ge=0, le=1_000_000)]
    activities: int = 0
    retractions: int = 0
    snapshots: int = 0
    parked: int = 0
    dropped: int = 0
    cancelled: int = 0


class GroupReport(BaseModel):
    group: str
    topics: list[str]
    rows: list[SourceDayReport]
    lanes: list[tuple[str, int, list[int]]] = []
    """(topic, slot, the last number of each shard)."""


class AuditRequest(BaseModel):
    """The `groups` of the other services' `/admin/audit`."""

    model_config = ConfigDict(extra="forbid")

    groups: list[GroupReport]
    first_day: int | None = None
    last_day: int | None = None
    """Only these local days of receipt, as numbers; the reports have rows of no others."""


class RepublishRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    since: str
    """RFC 3339, or a day, from where it begins first: everything received from then on is published
    again; consumers skip repeats."""


@router.get("/lag")
async def read_lag(
    caller: CanRead, session: Reads, runtime: RuntimeDep, clock: ClockDep
) -> dict[str, Any]:
    """`pending`: deliveries not yet split; `in_flight`: events not yet on the bus; `watermark`: up
    to when all that was received is split."""
    report = await reports.lag(runtime, session)
    log: DeliveryLog = runtime.state["delivery_log"]
    oldest = clock.now()
    async for delivery in pending_deliveries(log, await cursors(session)):
        report["pending"] += 1
        oldest = delivery.received_at
    report["in_flight"] += await repository.unpublished_events(session)
    report["watermark"] = (oldest - MARGIN).isoformat()
    return report


@router.get("/audit")
async def read_audit(caller: CanRead, session: Reads) -> dict[str, Any]:
    """Ingest's own side: every item received has one outcome."""
    return await audit.audit(session, [], scope_of(caller))


@router.post("/audit")
async def compare_audit(wanted: AuditRequest, caller: CanRead, session: Reads) -> dict[str, Any]:
    """Compares what the other services applied with what was numbered: residual 0.

    Only an operator's reports carry lanes, and only with them is what is in flight known.
    """
    if scope_of(caller) is not None:
        raise Forbidden("the whole audit needs an operator's token")
    reports = [report.model_dump() for report in wanted.groups]
    days = audit.Days(wanted.first_day, wanted.last_day)
    return await audit.audit(session, reports, None, days)


@router.post("/republish", status_code=202)
async def republish_since(
    wanted: RepublishRequest, caller: CanWrite, session: Reads, late_tx: LateTx, clock: ClockDep
) -> dict[str, Any]:
    """Sets the relay back; what consumers have already they skip."""
    if scope_of(caller) is not None:
        raise Forbidden("republishing needs an operator's token")
    since = parse_earliest(wanted.since, "since")
    found = await republish.received_since(session, since)
    # Nobody waits while archives are searched: the transaction that writes is opened only here.
    tx = await late_tx()
    shards = await republish.go_back_to(tx, found)
    await audit_trail.record(
        tx,
        caller,
        clock,
        action="republish",
        object_type="archive",
        object_id=since.isoformat(),
    )
    return {"shards": shards}
