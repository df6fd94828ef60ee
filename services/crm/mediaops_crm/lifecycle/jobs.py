"""Moves lifecycle states when a local day begins, also of people who do nothing."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from mediaops_common.jobs import Job
from mediaops_common.projections import live_generation
from mediaops_common.service import Runtime
from mediaops_common.zones import day_number

from mediaops_crm.actors import service as actors
from mediaops_crm.days import service as days
from mediaops_crm.lifecycle import service
from mediaops_crm.registry import service as registry

CHUNK = 1_000
"""Profiles moved in one transaction, so that batches of activities get their turns in between."""


async def move_by_clock(runtime: Runtime) -> None:
    """Brings every workspace to its local today. What it has done it need not do again, and what
    an interrupted run did not reach, the next one finds."""
    async with runtime.database.read() as session:
        generation = await live_generation(session)
        reached = await service.days_reached(session)
        zones = await registry.zones(session)
    for workspace_id, timezone in zones.items():
        today = day_number(runtime.clock.now(), timezone)
        if reached.get(workspace_id) != (today, generation):
            known = reached.get(workspace_id)
            await _move(runtime, workspace_id, generation, known, today)


async def _move(
    runtime: Runtime,
    workspace_id: UUID,
    generation: int,
    reached: tuple[int, int] | None,
    today: int,
) -> None:
    # After a rebuild, and the first time, anybody's state may be another than was told.
    same = reached is not None and reached[1] == generation
    if reached is not None and same:
        async with runtime.database.read() as session:
            key = (generation, workspace_id)
            before = await service.standing(session, *key, reached[0])
            now = await service.standing(session, *key, today)
        moved = before.moved(now).to_array()
        for start in range(0, len(moved), CHUNK):
            some = moved[start : start + CHUNK].tolist()
            if not await _tell(runtime, workspace_id, generation, some, today):
                return
    else:
        async for some in _everybody(runtime, workspace_id, generation):
            if not await _tell(runtime, workspace_id, generation, some, today):
                return
    async with runtime.database.write() as session:
        await service.reach_day(session, workspace_id, today, generation)
        # What was told of other days is compared again where another generation may say otherwise.
        told = [] if same else await days.computed_days(session, workspace_id)
        await days.touch(session, workspace_id, {today, *told})


async def _tell(
    runtime: Runtime, workspace_id: UUID, generation: int, ordinals: Sequence[int], today: int
) -> bool:
    async with runtime.database.write() as session:
        return await service.move_some(session, generation, workspace_id, ordinals, today)


async def _everybody(
    runtime: Runtime, workspace_id: UUID, generation: int
) -> AsyncIterator[list[int]]:
    after = -1
    while True:
        async with runtime.database.read() as session:
            ordinals = await actors.ordinals_above(session, generation, workspace_id, after, CHUNK)
        if not ordinals:
            return
        yield ordinals
        after = ordinals[-1]


MOVE_BY_CLOCK = Job("lifecycle.clock", every_seconds=10, run=move_by_clock)
