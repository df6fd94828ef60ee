"""Rebuilds: a projection made anew from the archive beside the live one, then swapped."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from sqlalchemy import and_, bindparam, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from mediaops_common import outbox, parked
from mediaops_common.consumer import ConsumerGroup
from mediaops_common.db import Database, insert_new
from mediaops_common.events import REGISTRY, RebuildRequested
from mediaops_common.failpoints import hit
from mediaops_common.group_runner import GroupRunner, PositionMoved
from mediaops_common.http.problems import Conflict
from mediaops_common.ids import new_id
from mediaops_common.lanes import all_numbers
from mediaops_common.positions import hold_groups
from mediaops_common.projections import FIRST, live_generation

if TYPE_CHECKING:
    from mediaops_common.service import Runtime

__all__ = ["group_name", "open_rebuild", "request_rebuild", "run_rebuilds"]

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
"""How often it is looked for a rebuild that somebody asked for."""

OPEN_STATES = ("requested", "replaying", "following")
"""requested → replaying (the archive, on its own topics) → following (the live ones) → done."""


class RebuildUnderWay(Conflict):
    title = "A rebuild is under way"


async def request_rebuild(session: AsyncSession, service: str, group: ConsumerGroup) -> UUID:
    """Begins a rebuild of the service's projections. Raises RebuildUnderWay."""
    tables = session.info["tables"]
    connection = await session.connection()
    await insert_new(
        session, tables.projection, [{"id": 1, "live": FIRST, "newest": FIRST}], key=["id"]
    )
    # This row is the lock: who else asks at the same time waits here and then finds this one.
    projection = await connection.execute(select(tables.projection.c.newest).with_for_update())
    newest = projection.scalar_one() + 1
    if await open_rebuild(session) is not None:
        raise RebuildUnderWay("wait for it to end")
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


async def open_rebuild(session: AsyncSession) -> Any:
    """The rebuild under way, or None."""
    rebuild = session.info["tables"].rebuild
    connection = await session.connection()
    return (
        await connection.execute(select(rebuild).where(rebuild.c.state.in_(OPEN_STATES)))
    ).one_or_none()


async def run_rebuilds(runtime: "Runtime", group: ConsumerGroup, stopping: asyncio.Event) -> None:
    """Carries requested rebuilds through, and goes on with one that a crash interrupted."""
    swept = FIRST
    while not stopping.is_set():
        async with runtime.database.read() as session:
            row = await open_rebuild(session)
        if row is not None:
            try:
                await _carry_through(runtime, group, row, stopping)
            except Exception:
                log.exception("rebuild_failed", rebuild=str(row.id))
                await _sleep(stopping, 2.0)
        else:
            swept = await _sweep(runtime.database, swept, stopping)
            await _sleep(stopping, LOOK_SECONDS)


async def _carry_through(
    runtime: "Runtime", group: ConsumerGroup, row: Any, stopping: asyncio.Event
) -> None:
    service = runtime.service.name
    name = group_name(service, row)
    live = f"{service}.{group.name}"
    runner = GroupRunner(
        service=service,
        group=group,
        database=runtime.database,
        bus=runtime.bus,
        clock=runtime.clock,
        name=name,
        generation=row.generation,
        bound=live,
    )
    topics = [f"{topic}.rebuild.{row.topic}" for topic in group.topics]
    if row.state in ("requested", "replaying"):
        await _note_state(runtime.database, row.id, "replaying")
        expected = set()
        for topic in topics:
            identity = await runtime.bus.topic(topic)
            expected |= {(topic, partition) for partition in range(identity.partitions)}
        consumer = await runtime.bus.consumer(name, topics, runner._locate)
        try:
            # After a restart `end` may lie behind the position; an end once met stays met.
            runner.ended |= {(t, p) for t, p in row.progress.get("ended", [])}
            while not runner.ended >= expected and not stopping.is_set():
                await _step(runner, consumer)
                await _note_ended(runtime.database, row.id, runner.ended)
                hit("rebuild.step")
        finally:
            await consumer.close()
        if stopping.is_set():
            return
        await _follow_from_noted(runtime.database, row, name)
    consumer = await runtime.bus.consumer(name, group.topics, runner._locate)
    try:
        while not stopping.is_set():
            if await _try_swap(runtime.database, row, live, name):
                break
            await _step(runner, consumer)
        else:
            return
    finally:
        await consumer.close()
    log.info("rebuild_done", service=service, generation=row.generation)
    for topic in topics:
        await runtime.bus.delete_topic(topic)


async def _step(runner: GroupRunner, consumer: Any) -> None:
    try:
        await runner.step(consumer, timeout=0.2)
    except PositionMoved:
        consumer.relocate()


async def _note_state(database: Database, rebuild_id: UUID, state: str) -> None:
    rebuild = database.tables.rebuild
    async with database.write() as session:
        connection = await session.connection()
        await connection.execute(
            update(rebuild).where(rebuild.c.id == rebuild_id).values(state=state)
        )


async def _note_ended(database: Database, rebuild_id: UUID, ended: set[tuple[str, int]]) -> None:
    if not ended:
        return
    rebuild = database.tables.rebuild
    progress = {"ended": sorted([topic, partition] for topic, partition in ended)}
    async with database.write() as session:
        connection = await session.connection()
        await connection.execute(
            update(rebuild).where(rebuild.c.id == rebuild_id).values(progress=progress)
        )


async def _follow_from_noted(database: Database, row: Any, name: str) -> None:
    """Goes over to the live topic at the positions that were noted at the start."""
    tables = database.tables
    async with database.write() as session:
        connection = await session.connection()
        noted = [{**position, "group": name, "version": 0} for position in row.positions]
        key = ["group", "topic", "partition"]
        await insert_new(session, tables.position, noted, key=key)
        await connection.execute(
            update(tables.rebuild).where(tables.rebuild.c.id == row.id).values(state="following")
        )


async def _try_swap(database: Database, row: Any, live: str, name: str) -> bool:
    """Swaps when every lane is equal and nothing is parked, in one transaction."""
    tables = database.tables
    async with database.write() as session:
        await hold_groups(session, live, name)
        ours = await all_numbers(session, tables, name)
        theirs = await all_numbers(session, tables, live)
        if _told(ours) != _told(theirs):
            return False
        if await parked.open_count(session, live) or await parked.open_count(session, name):
            return False
        connection = await session.connection()
        await connection.execute(update(tables.projection).values(live=row.generation))
        # What either gave up stays given up, and is audited under the group that goes on.
        await connection.execute(delete(tables.applied).where(tables.applied.c.group == live))
        for table in (tables.parked, tables.applied):
            await connection.execute(update(table).where(table.c.group == name).values(group=live))
        for table in (tables.lane, tables.position, tables.heads, tables.stall):
            await connection.execute(delete(table).where(table.c.group == name))
        position = tables.position
        await connection.execute(
            update(position).where(position.c.group == live).values(version=position.c.version + 1)
        )
        await connection.execute(
            update(tables.rebuild)
            .where(tables.rebuild.c.id == row.id)
            .values(state="done", finished_at=datetime.now(UTC))
        )
        hit("rebuild.swap")
    return True


def _told(numbers: dict[Any, list[int]]) -> dict[Any, list[int]]:
    """Without lanes in which nothing ever came: a group may or may not have a row for them."""
    return {key: values for key, values in numbers.items() if any(values)}


async def _sweep(database: Database, swept: int, stopping: asyncio.Event) -> int:
    """Removes rows of generations that nobody reads any more, in small transactions; returns the
    generation that is left. Does nothing while that is `swept` still."""
    async with database.read() as session:
        live = await live_generation(session)
    if live == swept:
        return swept
    for table in database.tables.lease.metadata.sorted_tables:
        if "generation" not in table.c or table.name == "rebuild":
            continue
        keys = list(table.primary_key.columns)
        dead = select(*keys).where(table.c.generation < live).limit(2_000)
        its = and_(*(column == bindparam(f"k{i}") for i, column in enumerate(keys)))
        while not stopping.is_set():
            async with database.read() as session:
                connection = await session.connection()
                rows = (await connection.execute(dead)).all()
            if not rows:
                break
            async with database.write() as session:
                connection = await session.connection()
                await connection.execute(
                    delete(table).where(its),
                    [{f"k{i}": value for i, value in enumerate(row)} for row in rows],
                )
            await asyncio.sleep(0)
    return live


async def _sleep(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
