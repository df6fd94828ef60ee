"""Retrying and dropping parked events."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common import audit_trail, counters, parked
from mediaops_common.consumer import Batch, ConsumerGroup
from mediaops_common.events import decode
from mediaops_common.http.problems import Conflict, NotFound, Problem
from mediaops_common.positions import hold_groups
from mediaops_common.projections import Projection, live_generation
from mediaops_common.rebuild import group_name, open_rebuild
from mediaops_common.transient import is_transient
from mediaops_common.workers import groups_of

if TYPE_CHECKING:
    from mediaops_common.http.callers import Caller
    from mediaops_common.service import Runtime

__all__ = ["drop", "retry", "shown"]


class NotParked(Conflict):
    """Somebody retried or dropped it meanwhile, or what it tells of was taken back."""

    title, type = "This event is not parked any more", "not-parked"


class StillFails(Conflict):
    """The event stays parked; the attempt is counted."""

    title, type = "This event still cannot be handled", "still-fails"


def shown(row: Any, *, with_value: bool) -> dict[str, Any]:
    """A parked event as the API shows it; its content only to those who may see data."""
    item: dict[str, Any] = {
        "id": str(row.id),
        "group": row.group,
        "topic": row.topic,
        "type": row.type,
        "shard": row.shard,
        "slot": row.slot,
        "seq": row.seq,
        "error": row.error,
        "attempts": row.attempts,
        "state": row.state,
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
    }
    if with_value:
        item["value"] = row.value.decode("utf-8", "replace")
    return item


async def retry(runtime: "Runtime", caller: "Caller", parked_id: UUID) -> None:
    """Applies the event now, exactly once. Raises NotFound, NotParked or StillFails."""
    try:
        async with runtime.database.write() as session:
            row = await _find(session, caller, parked_id)
            await hold_groups(session, row.group)  # its effects are the group's: one at a time
            if not await parked.mark(session, parked_id, ("parked",), "applied"):
                raise NotParked(str(parked_id))
            await _note(runtime, session, caller, "retry", parked_id)
            await _apply(runtime, session, row)
    except Problem:
        raise
    except Exception as error:
        if is_transient(error):
            raise
        told = f"{type(error).__name__}: {error}"
        async with runtime.database.write() as session:
            await parked.note_failure(session, parked_id, told)
        raise StillFails(told[:300]) from None


async def _apply(runtime: "Runtime", session: AsyncSession, row: Any) -> None:
    group, projection = await _writes_to(runtime, session, row.group)
    envelope, event = decode(row.value)
    if event is None:
        return
    traces, numbers = [envelope.traceparent], [row.seq]
    batch = Batch([event], projection, runtime.clock.now(), traces, numbers)
    if group.prepare is not None:
        batch.prepared = group.prepare(batch)
    await group.apply(session, batch)
    await counters.count_applied(session, row.group, batch.events)


async def _writes_to(
    runtime: "Runtime", session: AsyncSession, name: str
) -> tuple[ConsumerGroup, Projection]:
    """The group of this name, and the generation that it writes: a rebuild has its own."""
    service = runtime.service.name
    rebuild = await open_rebuild(session)
    for group in groups_of(runtime):
        if name == f"{service}.{group.name}":
            return group, Projection(await live_generation(session))
        if group.is_projection and rebuild is not None and name == group_name(service, rebuild):
            return group, Projection(rebuild.generation, is_live=False)
    raise NotFound(f"no group {name} in this service")


async def drop(runtime: "Runtime", caller: "Caller", parked_id: UUID) -> None:
    """Gives the event up: it stays, marked, and is told by the audit."""
    async with runtime.database.write() as session:
        await _find(session, caller, parked_id)
        if not await parked.mark(session, parked_id, ("parked",), "dropped"):
            raise NotParked(str(parked_id))
        await _note(runtime, session, caller, "drop", parked_id)


async def _find(session: AsyncSession, caller: "Caller", parked_id: UUID) -> Any:
    row = await parked.find(session, parked_id)
    if row is None or (caller.workspace != "*" and row.workspace_id != caller.workspace_id):
        raise NotFound(f"no parked event {parked_id}")
    return row


async def _note(
    runtime: "Runtime", session: AsyncSession, caller: "Caller", action: str, parked_id: UUID
) -> None:
    await audit_trail.record(
        session,
        caller,
        runtime.clock,
        action=action,
        object_type="parked-event",
        object_id=parked_id,
    )
