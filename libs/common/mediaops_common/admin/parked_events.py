"""Retrying and dropping parked events."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from mediaops_common import counters, parked
from mediaops_common.consumer import Batch
from mediaops_common.events import decode
from mediaops_common.http.problems import Conflict, NotFound
from mediaops_common.projections import Projection, live_generation
from mediaops_common.workers import groups_of

if TYPE_CHECKING:
    from mediaops_common.service import Runtime

__all__ = ["drop", "retry", "shown"]


class NotParked(Conflict):
    title, type = "This event is not parked any more", "not-parked"


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


async def retry(runtime: "Runtime", parked_id: UUID, workspace_id: UUID | None) -> None:
    """Applies the event now, exactly once. Raises NotFound, NotParked, or what applying raises."""
    async with runtime.database.write() as session:
        row = await _find(session, parked_id, workspace_id)
        if not await parked.mark(session, parked_id, ("parked",), "applied"):
            raise NotParked(str(parked_id))
        group = next(
            (g for g in groups_of(runtime) if f"{runtime.service.name}.{g.name}" == row.group),
            None,
        )
        if group is None:
            raise NotFound(f"no group {row.group} in this service")
        event = decode(row.value)[1]
        if event is None:
            return
        generation = await live_generation(session)
        batch = Batch([event], Projection(generation), runtime.clock.now())
        if group.prepare is not None:
            batch.prepared = group.prepare(batch)
        await group.apply(session, batch)
        await counters.count_applied(session, row.group, batch.events)


async def drop(runtime: "Runtime", parked_id: UUID, workspace_id: UUID | None) -> None:
    """Gives the event up: it stays, marked, and is told by the audit."""
    async with runtime.database.write() as session:
        await _find(session, parked_id, workspace_id)
        if not await parked.mark(session, parked_id, ("parked",), "dropped"):
            raise NotParked(str(parked_id))


async def _find(session: Any, parked_id: UUID, workspace_id: UUID | None) -> Any:
    row = await parked.find(session, parked_id)
    if row is None or (workspace_id is not None and row.workspace_id != workspace_id):
        raise NotFound(f"no parked event {parked_id}")
    return row
