"""Computes touched days: today soon, the past in batches while history is still pouring in."""

from uuid import UUID

from mediaops_common.clock import monotonic
from mediaops_common.jobs import Job
from mediaops_common.projections import live_generation
from mediaops_common.service import Runtime
from mediaops_common.zones import day_number

from mediaops_crm.days import service
from mediaops_crm.days.service import Touched
from mediaops_crm.registry import service as registry

PAST_SECONDS = 3.0
"""How often days before yesterday are computed: an import touches all of them again and again."""

CHUNK = 100
"""Days told in one transaction."""

LIMIT = 2_000
LAST_PAST = "days.past_computed_at"


async def compute_touched(runtime: Runtime) -> None:
    async with runtime.database.read() as session:
        touched = await service.touched(session, LIMIT)
        if not touched:
            return
        zones = await registry.zones(session)
    with_past = monotonic() - runtime.state.get(LAST_PAST, 0.0) >= PAST_SECONDS
    if with_past:
        runtime.state[LAST_PAST] = monotonic()
    by_workspace: dict[UUID, list[Touched]] = {}
    for one in touched:
        by_workspace.setdefault(one.workspace_id, []).append(one)
    for workspace_id, timezone in zones.items():
        today = day_number(runtime.clock.now(), timezone)
        due = [
            one for one in by_workspace.get(workspace_id, []) if with_past or one.day >= today - 1
        ]
        if due:
            await _compute(runtime, workspace_id, due, today)


async def _compute(runtime: Runtime, workspace_id: UUID, due: list[Touched], today: int) -> None:
    async with runtime.database.read() as session:
        generation = await live_generation(session)
        touched = {one.day for one in due}
        days = await service.affected(session, workspace_id, touched, today)
        counts = await service.compute(session, generation, workspace_id, days)
    for start in range(0, len(counts), CHUNK):
        async with runtime.database.write() as session:
            await service.tell(session, workspace_id, counts[start : start + CHUNK])
    async with runtime.database.write() as session:
        await service.forget(session, workspace_id, due)


COMPUTE_TOUCHED = Job("days.compute", every_seconds=0.5, run=compute_touched)
