"""Two services that each miss what stands before the other's ask are not left waiting."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mediaops_common import outbox
from mediaops_common.events import CrmLaneStalled, InsightsLaneStalled, LaneStalled
from mediaops_common.service import Runtime, Service
from mediaops_common.stalls import open_stalls
from mediaops_common.workers import run_workers
from sqlalchemy import select

from tests.common.http.fake import running
from tests.common.spine import METADATA

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(600)]

ASKS: dict[str, type[LaneStalled]] = {"crm": CrmLaneStalled, "insights": InsightsLaneStalled}


@asynccontextmanager
async def working(*runtimes: Runtime):
    stopping = asyncio.Event()
    workers = [asyncio.create_task(run_workers(runtime, stopping)) for runtime in runtimes]
    try:
        yield
    finally:
        stopping.set()
        await asyncio.gather(*workers)


async def until(condition: Any) -> None:
    async with asyncio.timeout(240):
        while not await condition():  # noqa: ASYNC110 - the condition is another's state
            await asyncio.sleep(0.05)


async def ask_in_vain(runtime: Runtime) -> None:
    """The first event of the lane in which this service asks; nobody answers it."""
    name = runtime.service.name
    ask = ASKS[name](
        group=f"{name}.asks", producer="content", topic="t", shard=0, slot=0, missing=1, fence=1
    )
    async with runtime.database.write() as session:
        await outbox.add(session, ask, workspace_id=None)


async def is_published(runtime: Runtime) -> bool:
    async with runtime.database.read() as session:
        connection = await session.connection()
        state = runtime.database.tables.outbox_state
        return bool((await connection.execute(select(state.c.cursor))).scalar_one_or_none())


async def heard(runtime: Runtime, other: str) -> bool:
    """Whether it has everything that the other asked, and misses nothing."""
    lane = runtime.database.tables.lane
    async with runtime.database.read() as session:
        connection = await session.connection()
        found = await connection.execute(
            select(lane.c.slot).where(
                lane.c.group == f"{runtime.service.name}.asks", lane.c.producer == other
            )
        )
        return found.first() is not None and not await open_stalls(session)


async def test_asks_are_answered_although_each_side_misses_what_came_before(tmp_path) -> None:
    crm, insights = (Service(name=name, metadata=METADATA) for name in ASKS)
    async with running(tmp_path, crm) as one, running(tmp_path, insights) as two:
        for runtime in (one.runtime, two.runtime):
            await ask_in_vain(runtime)
            async with working(runtime):
                await until(lambda of=runtime: is_published(of))
            # Lost before the other has read it: each hears of the other's first ask only by heads,
            # and asks for it in the lane of its own first one.
            await runtime.bus.delete_topic(f"mediaops.{runtime.service.name}")
        async with working(one.runtime, two.runtime):
            await until(lambda: heard(one.runtime, "insights"))
            await until(lambda: heard(two.runtime, "crm"))
