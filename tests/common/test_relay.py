"""The relay of an outbox: one replica publishes, and none stands in the others' way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mediaops_common import outbox, relay
from mediaops_common.events import CrmLaneStalled
from mediaops_common.lease import acquire, release
from mediaops_common.relay import LEASE, OutboxRelay
from mediaops_common.restored import numbers_on_bus
from sqlalchemy import select

from tests.common.spine import Spine, a_spine

pytestmark = pytest.mark.databases("sqlite", "postgresql")

ASK = CrmLaneStalled(
    group="crm.asks", producer="content", topic="t", shard=0, slot=0, missing=1, fence=1
)


@pytest.fixture
async def spine(tmp_path, backend) -> AsyncIterator[Spine]:
    async with a_spine(tmp_path, backend=backend) as opened:
        yield opened


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - the condition is another's state
            await asyncio.sleep(0.02)


async def add(spine: Spine) -> None:
    async with spine.database.write() as session:
        await outbox.add(session, ASK, workspace_id=None)


def a_relay(spine: Spine, owner: str = "first") -> OutboxRelay:
    return OutboxRelay(spine.database, spine.bus, producer="crm", owner=owner, keep_days=8)


async def published(spine: Spine) -> int:
    state = spine.database.tables.outbox_state
    async with spine.database.read() as session:
        connection = await session.connection()
        return (await connection.execute(select(state.c.cursor))).scalar_one_or_none() or 0


@asynccontextmanager
async def running(relay: OutboxRelay) -> AsyncIterator[asyncio.Event]:
    stopping = asyncio.Event()
    loop = asyncio.create_task(relay.run(stopping))
    try:
        yield stopping
    finally:
        stopping.set()
        async with asyncio.timeout(10):
            await loop


async def test_to_compare_numbers_takes_no_lease(spine, monkeypatch) -> None:
    """It may take longer than a lease: who held one meanwhile would lose it to a replica that does
    the same, for ever."""
    compared: list[int] = []

    async def compare(*given: Any) -> Any:
        compared.append(len(compared))
        async with spine.database.write() as session:
            held = await acquire(session, LEASE, "another")
        assert held is not None
        async with spine.database.write() as session:
            await release(session, held)
        return await numbers_on_bus(*given)

    monkeypatch.setattr(relay, "numbers_on_bus", compare)
    monkeypatch.setattr(relay, "LEASE_SECONDS", 0.0)  # over before the comparison is
    await add(spine)
    async with running(a_relay(spine)):
        await until(lambda: has_published(spine, 1))
    assert compared == [0]


async def has_published(spine: Spine, count: int) -> bool:
    return await published(spine) >= count


async def test_a_comparison_that_takes_long_ends_when_it_is_told_to_stop(spine) -> None:
    await add(spine)
    async with running(a_relay(spine)):
        await until(lambda: has_published(spine, 1))

    class Slow:
        """Of what it has, it brings nothing."""

        def __init__(self, consumer: Any) -> None:
            self._consumer = consumer

        async def poll(self, _most: int, seconds: float) -> list[Any]:
            await self._consumer.poll(1, seconds)
            await asyncio.sleep(seconds)
            return []

        async def close(self) -> None:
            await self._consumer.close()

    class SlowBus:
        trouble = None

        def __getattr__(self, name: str) -> Any:
            return getattr(spine.bus, name)

        async def consumer(self, *given: Any) -> Slow:
            return Slow(await spine.bus.consumer(*given))

    slow = OutboxRelay(spine.database, SlowBus(), producer="crm", owner="second", keep_days=8)
    await add(spine)
    async with running(slow):
        await asyncio.sleep(0.5)
    assert await published(spine) == 1


async def test_one_that_is_cancelled_leaves_its_lease_to_the_next(spine, monkeypatch) -> None:
    publishing = asyncio.Event()

    async def hang(*_given: Any) -> None:
        publishing.set()
        await asyncio.Event().wait()

    await add(spine)
    with monkeypatch.context() as hanging:
        hanging.setattr(relay, "publish_in_order", hang)
        loop = asyncio.create_task(a_relay(spine).run(asyncio.Event()))
        await publishing.wait()
        loop.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loop
    async with spine.database.write() as session:
        assert await acquire(session, LEASE, "another") is not None
