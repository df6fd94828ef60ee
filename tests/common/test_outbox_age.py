"""Who comes with nothing to an outbox that forgot its beginning hears of everything that is."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mediaops_common import outbox
from mediaops_common.consumer import Handlers
from mediaops_common.db import insert_new
from mediaops_common.events import ChannelSaved, QualityComputed, decode
from mediaops_common.ids import new_id
from mediaops_common.outbox_age import forget_old
from mediaops_common.service import Runtime, Service
from mediaops_common.stalls import open_stalls
from mediaops_common.workers import run_workers
from sqlalchemy import select, update

from tests.common.http.fake import running, settings_on
from tests.common.spine import METADATA, NOW, WORKSPACE

pytestmark = pytest.mark.slow

OWNER = Service(name="ingest", metadata=METADATA)
FIRST, SECOND = new_id(), new_id()


def a_channel(channel_id: Any, version: int) -> ChannelSaved:
    return ChannelSaved(
        workspace_id=WORKSPACE,
        channel_id=channel_id,
        platform="site",
        external_id="x",
        name=f"version {version}",
        owner_kind="organisation",
        version=version,
    )


def a_quality(version: int) -> QualityComputed:
    counts = dict.fromkeys(
        ("deliveries", "received", "normalised", "duplicates", "conflicts", "rejected"), 1
    )
    return QualityComputed(
        workspace_id=WORKSPACE,
        source_id=FIRST,
        channel_id=FIRST,
        day=NOW.date(),
        failed=0,
        pending=0,
        newest_received_at=NOW,
        version=version,
        **counts,
    )


@asynccontextmanager
async def working(runtime: Runtime):
    stopping = asyncio.Event()
    workers = asyncio.create_task(run_workers(runtime, stopping))
    try:
        yield
    finally:
        stopping.set()
        await workers


async def tell(runtime: Runtime, *events: Any) -> None:
    for event in events:
        async with runtime.database.write() as session:
            await outbox.add(session, event, workspace_id=WORKSPACE)


async def until(condition: Any) -> None:
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - the condition is another's state
            await asyncio.sleep(0.05)


async def test_a_newcomer_hears_the_newest_state_of_every_entity(tmp_path, backend) -> None:
    heard: list[tuple[Any, int]] = []
    handlers = Handlers("registry")

    @handlers.on(ChannelSaved)
    async def hear(_session: Any, event: ChannelSaved) -> None:
        heard.append((event.channel_id, event.version))

    newcomer = Service(name="crm", metadata=METADATA, handlers=[handlers])
    async with (
        running(tmp_path, OWNER, await settings_on(backend, tmp_path, OWNER)) as owner,
        running(tmp_path, newcomer, await settings_on(backend, tmp_path, newcomer)) as listener,
    ):
        database = owner.runtime.database
        tables = database.tables

        async def is_sent() -> bool:
            async with database.read() as session:
                connection = await session.connection()
                waiting = await connection.execute(
                    select(tables.outbox.c.id).where(
                        tables.outbox.c.place.is_(None)
                        | (
                            tables.outbox.c.place
                            > select(tables.outbox_state.c.cursor).scalar_subquery()
                        )
                    )
                )
                return waiting.first() is None

        told = [a_channel(FIRST, n) for n in (1, 2, 3)] + [a_channel(SECOND, 1)]
        await tell(owner.runtime, *told, *(a_quality(n) for n in range(5)))
        async with working(owner.runtime):
            await until(is_sent)
        await owner.runtime.bus.delete_topic("mediaops.channel")
        async with database.write() as session:
            assert await forget_old(session, datetime.now(UTC) + timedelta(hours=1)) == 9

        async def has_heard() -> bool:
            async with listener.runtime.database.read() as session:
                return len(heard) >= 2 and not await open_stalls(session)

        async with working(owner.runtime), working(listener.runtime):
            await until(has_heard)
            await tell(owner.runtime, a_channel(SECOND, 2))
            await until(lambda: asyncio.sleep(0, len(heard) >= 3))
    assert sorted(heard) == sorted([(FIRST, 3), (SECOND, 1), (SECOND, 2)])


@pytest.mark.databases("sqlite", "postgresql")
async def test_the_newest_state_is_the_one_of_the_highest_version(tmp_path, backend) -> None:
    """A change that was under way while the state before was added again: it has a lower id."""
    settings = await settings_on(backend, tmp_path, OWNER)
    async with running(tmp_path, OWNER, settings) as owner:
        database = owner.runtime.database
        outbox_table, state = database.tables.outbox, database.tables.outbox_state
        await tell(owner.runtime, a_channel(FIRST, 2), a_channel(FIRST, 1))
        for _ in range(2):
            async with database.write() as session:
                connection = await session.connection()
                await connection.execute(update(outbox_table).values(place=outbox_table.c.id))
                row = {"id": 1, "last_place": 9, "cursor": 9, "fence": 0}
                await insert_new(session, state, [row], key=["id"])
                await forget_old(session, datetime.now(UTC) + timedelta(hours=1))
                left = (await connection.execute(select(outbox_table.c.value))).scalars().all()
            assert [decode(value)[1].version for value in left] == [2]
