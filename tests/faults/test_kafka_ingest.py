"""Ingest while its only broker is dead: it goes on splitting what the door takes."""

import asyncio
from uuid import uuid4

import pytest
from mediaops_common.bus import open_bus
from mediaops_common.bus.kafka import publisher
from mediaops_ingest.normaliser import supervisor
from sqlalchemy import text

from tests.ingest.running import an_activity, running
from tests.kafka_broker import MISSING, Broker, can_run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FAILURES = 2
"""So many publishes run into their time limit before the broker is back."""


async def stand(ingest) -> tuple[int, int, int]:
    """Chunks that were split, those of them that are published, and deliveries that wait."""
    async with ingest.runtime.database.read() as session:
        connection = await session.connection()
        query = text("SELECT sum(next_chunk - 1), sum(published), min(cursor) FROM shard")
        split, published, cursor = (await connection.execute(query)).one()
    waiting = await ingest.log.read(cursor or 0, 10_000)
    return int(split or 0), int(published or 0), len(waiting)


async def until_stand(ingest, *wanted: int) -> None:
    while True:
        if await stand(ingest) == wanted:
            return
        await asyncio.sleep(0.1)


async def test_deliveries_are_split_while_the_broker_is_dead(tmp_path, monkeypatch) -> None:
    if not can_run():
        pytest.skip(MISSING)
    monkeypatch.setattr(publisher, "BATCH_SECONDS", 3.0)
    broker = Broker(tmp_path / "kafka")
    broker.start()
    try:
        bus = await open_bus(broker.url)
        (tmp_path / "ingest").mkdir()
        async with running(tmp_path / "ingest") as ingest:
            embedded, ingest.runtime.bus = ingest.runtime.bus, bus
            ingest.runtime.state["owner"] = "tests"
            channel, stopping, taken = await ingest.add_channel(), asyncio.Event(), 0
            worker = asyncio.create_task(supervisor.run_shards(ingest.runtime, stopping))

            async def post() -> None:
                nonlocal taken
                body = [an_activity(channel, dedup_key=uuid4().hex)]
                answer = await ingest.call("POST", "/activities", body)
                assert answer.status_code == 202, answer.text
                taken += 1

            await post()
            await until_stand(ingest, 1, 1, 0)
            broker.kill()
            loop = asyncio.get_running_loop()
            end = loop.time() + FAILURES * (publisher.BATCH_SECONDS + supervisor.LONGEST_PAUSE)
            while loop.time() < end:
                await post()
                await until_stand(ingest, taken, 1, 0)
            await asyncio.to_thread(broker.start)
            await until_stand(ingest, taken, taken, 0)
            stopping.set()
            await worker
            ingest.runtime.bus = embedded
        await bus.close()
    finally:
        broker.remove()
