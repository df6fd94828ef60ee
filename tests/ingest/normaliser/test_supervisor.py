"""The shards' worker: what stops it is told by readiness, and it goes on by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from mediaops_common.bus.port import BusUnavailable
from mediaops_ingest.normaliser import supervisor
from mediaops_ingest.normaliser.shards import HeldShards
from mediaops_ingest.normaliser.worker import Normaliser
from mediaops_ingest.republish.models import Republication
from sqlalchemy import text

from tests.ingest.running import NOW, an_activity

MORE = 5


class Breakable:
    """A bus that can be away: it knows it, or every attempt has to find out."""

    def __init__(self, bus: Any) -> None:
        self._bus, self.found_out = bus, asyncio.Event()
        self.mend()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bus, name)

    def be_away(self, topics: str = "", trouble: str | None = None) -> None:
        self._topics, self.trouble = topics, trouble

    def mend(self) -> None:
        self._topics, self.trouble = "none", None

    async def publish(self, topic: str, *arguments: Any) -> None:
        self._find_out(topic)
        await self._bus.publish(topic, *arguments)

    async def consumer(self, group: str, topics: Any, *arguments: Any) -> Any:
        self._find_out(topics[0])
        return await self._bus.consumer(group, topics, *arguments)

    async def tried(self) -> None:
        """Returns when somebody has found out once more."""
        self.found_out.clear()
        await self.found_out.wait()

    def _find_out(self, topic: str) -> None:
        if self._topics in topic:
            self.found_out.set()
            raise BusUnavailable("no broker answers")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 0.2)
    monkeypatch.setattr(supervisor, "IDLE_SECONDS", 0.05)


@pytest.fixture
def bus(ingest) -> AsyncIterator[Breakable]:
    whole = ingest.runtime.bus
    ingest.runtime.bus = Breakable(whole)
    yield ingest.runtime.bus
    ingest.runtime.bus = whole


@asynccontextmanager
async def working(ingest) -> AsyncIterator[None]:
    ingest.runtime.state["owner"] = "tests"
    stopping = asyncio.Event()
    worker = asyncio.create_task(supervisor.run_shards(ingest.runtime, stopping))
    try:
        async with asyncio.timeout(120):
            yield
    finally:
        stopping.set()
        await worker


async def until_ready(ingest, name: str, is_ok: bool) -> dict:
    """The check, once it says so."""
    while True:
        async with ingest.client() as client:
            checks = (await client.get("/ingest/health/ready")).json()["checks"]
        for check in checks:
            if check["name"] == name and check["ok"] is is_ok:
                return check
        await asyncio.sleep(0.05)


async def post(ingest, channel: dict) -> None:
    body = [an_activity(channel, dedup_key=uuid4().hex)]
    assert (await ingest.call("POST", "/activities", body)).status_code == 202


async def stand(ingest) -> tuple[int, int]:
    """How many chunks were split, and how many of them are published."""
    async with ingest.runtime.database.read() as session:
        connection = await session.connection()
        query = text("SELECT sum(next_chunk - 1), sum(published) FROM shard")
        split, published = (await connection.execute(query)).one()
    return int(split or 0), int(published or 0)


async def until_stand(ingest, split: int, published: int) -> None:
    while True:
        if await stand(ingest) == (split, published):
            return
        await asyncio.sleep(0.02)


async def test_shards_that_fail_turn_readiness_red_until_they_go_on(ingest, monkeypatch) -> None:
    async def fail(self):
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(Normaliser, "step", fail)
        async with working(ingest):
            check = await until_ready(ingest, "normaliser", False)
            assert "OSError" in check["reason"]
            broken.undo()
            await until_ready(ingest, "normaliser", True)


@pytest.mark.parametrize("trouble", ["no broker answers", None], ids=["known", "unknown"])
async def test_deliveries_are_split_while_the_bus_is_away(ingest, bus, trouble) -> None:
    channel = await ingest.add_channel()
    async with working(ingest):
        await post(ingest, channel)
        await until_stand(ingest, 1, 1)
        bus.be_away(trouble=trouble)
        for number in range(2, 2 + MORE):
            await post(ingest, channel)
            await until_stand(ingest, number, 1)
            if trouble is None:
                await bus.tried()
        assert bus.found_out.is_set()
        if trouble is None:
            check = await until_ready(ingest, "archive-relay", False)
            assert "BusUnavailable" in check["reason"]
            assert "brokers" in check["repair"]
        await until_ready(ingest, "normaliser", True)
        bus.mend()
        await until_stand(ingest, 1 + MORE, 1 + MORE)
        await until_ready(ingest, "archive-relay", True)


async def test_a_republication_that_cannot_be_published_stops_nothing(ingest, bus) -> None:
    channel = await ingest.add_channel()
    async with working(ingest):
        await post(ingest, channel)
        await until_stand(ingest, 1, 1)
        bus.be_away(".rebuild.")
        async with ingest.runtime.database.write() as session:
            more = {"service": "crm", "topic": "t", "ends": {}, "cursor": {}, "created_at": NOW}
            session.add(Republication(id=uuid4(), state="queued", **more))
        for number in range(2, 2 + MORE):
            await post(ingest, channel)
            await until_stand(ingest, number, number)
            await bus.tried()


async def test_a_start_without_the_bus_numbers_nothing_and_says_so(ingest, bus) -> None:
    channel = await ingest.add_channel()
    bus.be_away()
    async with working(ingest):
        await post(ingest, channel)
        await bus.tried()
        check = await until_ready(ingest, "archive", False)
        assert "which numbers" in check["reason"]
        assert "brokers" in check["repair"]
        assert await stand(ingest) == (0, 0)
        bus.mend()
        await until_ready(ingest, "archive", True)
        await until_stand(ingest, 1, 1)


@pytest.mark.databases("sqlite", "postgresql")
async def test_a_worker_that_is_cancelled_leaves_its_shards_to_the_others(
    ingest, monkeypatch
) -> None:
    splitting = asyncio.Event()

    async def hang(*_given: Any) -> None:
        splitting.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Normaliser, "step", hang)
    ingest.runtime.state["owner"] = "tests"
    worker = asyncio.create_task(supervisor.run_shards(ingest.runtime, asyncio.Event()))
    await splitting.wait()
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker
    other = HeldShards(ingest.runtime.database, "other")
    assert await other.acquire()
    assert len(other.states) == 64
