"""Rebuilds: a projection made anew from the archive beside the live one, then swapped."""

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common import outbox
from mediaops_common.consumer import ConsumerGroup
from mediaops_common.db import Database, insert_new
from mediaops_common.events import REGISTRY, RebuildRequested
from mediaops_common.failpoints import hit
from mediaops_common.group_runner import GroupRunner, PositionMoved
from mediaops_common.http.problems import Conflict
from mediaops_common.ids import new_id
from mediaops_common.lease import Lease, LeaseLost, Tenure
from mediaops_common.outages import tell_failure
from mediaops_common.pace import until
from mediaops_common.projections import FIRST, LONGEST_QUIET, live_generation
from mediaops_common.swap import (
    LEFT,
    OPEN_STATES,
    Superseded,
    ask_for_quiet,
    clear_away,
    follow_from_noted,
    note,
    sweep,
    try_swap,
)

if TYPE_CHECKING:
    from mediaops_common.service import Runtime

__all__ = ["group_name", "open_rebuild", "request_rebuild", "run_rebuilds"]

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
"""How often it is looked for a rebuild that somebody asked for."""

LEASE_SECONDS = 30.0

SHORTEST_QUIET = 0.5
"""The first time in which live groups wait for the swap. Each further one is longer, because what
is lacking must be applied within one of them, however slow the machine is."""


class RebuildUnderWay(Conflict):
    """One at a time: the swap of one would take the ground from the other."""

    title = "A rebuild is under way"


async def request_rebuild(
    session: AsyncSession, service: str, group: ConsumerGroup, *, anew: bool = False
) -> UUID:
    """Begins a rebuild of the service's projections; `anew`, instead of one that is under way.
    Raises RebuildUnderWay."""
    tables = session.info["tables"]
    connection = await session.connection()
    await insert_new(
        session, tables.projection, [{"id": 1, "live": FIRST, "newest": FIRST}], key=["id"]
    )
    # This row is the lock: who else asks at the same time waits here and then finds this one.
    projection = await connection.execute(select(tables.projection.c.newest).with_for_update())
    newest = projection.scalar_one() + 1
    under_way = await open_rebuild(session)
    if under_way is not None:
        if not anew:
            raise RebuildUnderWay("wait for it to end, or begin anew")
        over = {"state": "superseded", "finished_at": datetime.now(UTC), "progress": LEFT}
        await note(session, under_way.id, **over)
    await connection.execute(update(tables.projection).values(newest=newest))
    # The live positions are noted before the archive's end: what is published between the two is
    # in both, and the lanes skip it; noted the other way round it would be in neither.
    position = tables.position
    rows = await connection.execute(
        select(position).where(position.c.group == f"{service}.{group.name}")
    )
    noted = [dict(row._mapping) for row in rows]
    rebuild_id = new_id()
    await connection.execute(
        tables.rebuild.insert().values(
            id=rebuild_id,
            generation=newest,
            state="requested",
            topic=rebuild_id.hex,
            positions=[{k: v for k, v in row.items() if k != "group"} for row in noted],
            progress={},
            created_at=datetime.now(UTC),
        )
    )
    event_class = REGISTRY[f"mediaops.{service}.rebuild.requested.v1"]
    assert issubclass(event_class, RebuildRequested)
    request = event_class(rebuild_id=rebuild_id, service=service, topic=rebuild_id.hex)
    await outbox.add(session, request, workspace_id=None)
    return rebuild_id


def group_name(service: str, row: Any) -> str:
    """The consumer group of a rebuild."""
    return f"{service}.rebuild.{row.topic}"


def _topics(group: ConsumerGroup, row: Any) -> list[str]:
    """The topics of its own on which a rebuild reads the archive."""
    return [f"{topic}.rebuild.{row.topic}" for topic in group.topics]


async def open_rebuild(session: AsyncSession) -> Any:
    """The rebuild under way, or None."""
    rebuild = session.info["tables"].rebuild
    connection = await session.connection()
    return (
        await connection.execute(select(rebuild).where(rebuild.c.state.in_(OPEN_STATES)))
    ).one_or_none()


async def run_rebuilds(runtime: "Runtime", group: ConsumerGroup, stopping: asyncio.Event) -> None:
    """Carries requested rebuilds through, on one replica at a time, and goes on with one that a
    crash interrupted."""
    tenure = Tenure(runtime.database, "rebuild", runtime.state["owner"], seconds=LEASE_SECONDS)
    swept = FIRST
    while not stopping.is_set():
        async with runtime.database.read() as session:
            row = await open_rebuild(session)
            live = await live_generation(session)
        try:
            if row is None and live == swept:
                await tenure.release()
            elif await tenure.hold() is None:
                pass
            elif row is not None:
                await _carry_through(runtime, group, row, tenure, stopping)
            else:
                await sweep(runtime.database, live, stopping, tenure.hold)
                await _clear_away(runtime, group, tenure)
                swept = live
        except LeaseLost:
            log.info("rebuild_taken_over")
        except Superseded:
            log.info("rebuild_superseded", rebuild=row and str(row.id))
        except Exception:
            # With none under way the last one is done, and only what it leaves is still there.
            failed = "rebuild_not_cleared_away" if row is None else "rebuild_failed"
            needed = (runtime.database, runtime.bus)
            tell_failure(failed, *needed, rebuild=row and str(row.id))
        await until(stopping, LOOK_SECONDS)
    await tenure.release()


async def _carry_through(
    runtime: "Runtime",
    group: ConsumerGroup,
    row: Any,
    tenure: Tenure,
    stopping: asyncio.Event,
) -> None:
    service = runtime.service.name
    name = group_name(service, row)
    runner = GroupRunner(
        service=service,
        group=group,
        database=runtime.database,
        bus=runtime.bus,
        clock=runtime.clock,
        name=name,
        generation=row.generation,
        bound=f"{service}.{group.name}",
    )
    if row.state in ("requested", "replaying"):
        await _replay(runtime, runner, row, tenure, stopping)
        if stopping.is_set():
            return
        await follow_from_noted(runtime.database, row, name)
    if await _follow(runtime, runner, row, tenure, stopping):
        log.info("rebuild_done", service=service, generation=row.generation)


async def _clear_away(runtime: "Runtime", group: ConsumerGroup, tenure: Tenure) -> None:
    """Removes what rebuilds that are over leave behind. Not before the last one has ended: until
    then ingest, which serves them in turn, may still publish for one that was superseded, and make
    its topics again."""
    rebuild = runtime.database.tables.rebuild
    async with runtime.database.read() as session:
        connection = await session.connection()
        over = select(rebuild.c.id, rebuild.c.topic, rebuild.c.progress)
        rows = await connection.execute(over.where(rebuild.c.state.not_in(OPEN_STATES)))
        left = [row for row in rows if row.progress == LEFT]
    for row in left:
        await _held(tenure)
        name = group_name(runtime.service.name, row)
        await clear_away(runtime.database, runtime.bus, row, name, _topics(group, row))


async def _replay(
    runtime: "Runtime",
    runner: GroupRunner,
    row: Any,
    tenure: Tenure,
    stopping: asyncio.Event,
) -> None:
    """Applies the archive, until every partition of the rebuild's own topics has ended."""
    async with runtime.database.write() as session:
        await note(session, row.id, state="replaying")
    topics, expected = _topics(runner.group, row), set()
    for topic in topics:
        identity = await runtime.bus.topic(topic)
        expected |= {(topic, partition) for partition in range(identity.partitions)}
    consumer = await runtime.bus.consumer(runner.name, topics, runner.locate)
    try:
        while not runner.ended >= expected and not stopping.is_set():
            await _step(runtime.database, runner, row, consumer, tenure)
            hit("rebuild.step")
    finally:
        runner.forget_lag()
        await consumer.close()


async def _follow(
    runtime: "Runtime", runner: GroupRunner, row: Any, tenure: Tenure, stopping: asyncio.Event
) -> bool:
    """Follows the live topics until it can be swapped in; returns whether it was."""
    live = runner.bound or ""
    consumer = await runtime.bus.consumer(runner.name, runner.group.topics, runner.locate)
    quiet, asked_until = SHORTEST_QUIET, 0.0
    try:
        while not stopping.is_set():
            if await try_swap(runtime.database, row, live, runner.name, await _held(tenure)):
                return True
            done = await _step(runtime.database, runner, row, consumer, tenure)
            is_near = done < runner.group.max_records // 2
            # As long as it lasted, traffic then has its turn.
            if is_near and time.monotonic() > asked_until + quiet:
                await ask_for_quiet(runtime.database, row.id, quiet)
                asked_until = time.monotonic() + quiet
                quiet = min(quiet * 1.5, LONGEST_QUIET)
    finally:
        runner.forget_lag()
        await consumer.close()
    return False


async def _held(tenure: Tenure) -> Lease:
    lease = await tenure.hold()
    if lease is None:
        raise LeaseLost("rebuild")
    return lease


async def _step(
    database: Database, runner: GroupRunner, row: Any, consumer: Any, tenure: Tenure
) -> int:
    await _held(tenure)
    async with database.read() as session:
        under_way = await open_rebuild(session)
    if under_way is None or under_way.id != row.id:
        raise Superseded
    try:
        return await runner.step(consumer, timeout=0.2)
    except PositionMoved:
        runner.relocate(consumer)
        return 0
