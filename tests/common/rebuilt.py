"""A consuming service whose projection is rebuilt, and what ingest does for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from mediaops_common.bus import Record
from mediaops_common.consumer import ConsumerGroup
from mediaops_common.events import ActivityRecorded
from mediaops_common.service import Service
from mediaops_common.workers import run_workers
from sqlalchemy import select

from tests.common.http.fake import Running, running, settings_on
from tests.common.spine import EFFECT, METADATA, TOPIC, Producer, an_activity, apply
from tests.databases import Backend

SNAPSHOTS = "mediaops.snapshot"
TOPICS = (TOPIC, SNAPSHOTS)
CRM = Service(
    name="crm",
    metadata=METADATA,
    groups=[ConsumerGroup("fast", TOPICS, apply, is_projection=True, pace_seconds=0.0)],
)
ADMIN = "/crm/v1/admin"


class Rebuilt:
    """A consuming service that runs, and what ingest does for it: publish, and publish again."""

    def __init__(self, running: Running, operator: httpx.AsyncClient) -> None:
        self.running = running
        self.operator = operator
        self.producers = {
            topic: Producer(running.runtime.bus, 2, topic=topic)  # type: ignore[arg-type]
            for topic in TOPICS
        }
        self.archive: list[tuple[str, Record]] = []

    async def publish(self, event: Any) -> Record:
        topic = str(type(event).event_topic)
        record = self.producers[topic].number(event)
        self.archive.append((topic, record))
        await self.producers[topic].publish(record)
        return record

    async def begin(
        self, *, anew: bool = False, lost: Sequence[tuple[str, int]] = ()
    ) -> tuple[str, ...]:
        """Orders a rebuild and publishes the archive on its topics, as ingest does, but for the
        `end` of those partitions that are lost. Returns its topics."""
        answer = await self.operator.post(f"{ADMIN}/rebuilds", params={"anew": anew})
        assert answer.status_code == 202, answer.text
        suffix = f".rebuild.{answer.json()['id'].replace('-', '')}"
        bus = self.running.runtime.bus
        for topic, record in self.archive:
            await bus.publish(topic + suffix, record.slot % 2, [record])
        for topic in TOPICS:
            for partition in range((await bus.topic(topic + suffix)).partitions):
                end = Record(b"", b"", "ingest", 0, 0, 0, "end")
                if (topic, partition) not in lost:
                    await bus.publish(topic + suffix, partition, [end])
        return tuple(topic + suffix for topic in TOPICS)

    async def states(self) -> list[str]:
        """Of the rebuilds, the newest first."""
        items = (await self.operator.get(f"{ADMIN}/rebuilds")).json()["items"]
        return [str(item["state"]) for item in items]

    async def state(self) -> str:
        return (await self.states())[0]

    async def has_gone(self, topics: Sequence[str]) -> bool:
        """Whether nothing is noted any more of what was left of a rebuild with these topics."""
        group = f"crm.rebuild.{topics[0].rpartition('.')[2]}"
        tables = self.running.runtime.database.tables
        async with self.running.runtime.database.read() as session:
            connection = await session.connection()
            for table in (tables.lane, tables.position, tables.heads, tables.applied):
                if (await connection.execute(select(table).where(table.c.group == group))).all():
                    return False
            rebuild = tables.rebuild
            found = await connection.execute(select(rebuild).where(rebuild.c.topic == group[12:]))
            row = found.one()
            return row.finished_at is not None and row.progress == {}

    async def parked(self) -> list[dict[str, Any]]:
        return list((await self.operator.get(f"{ADMIN}/parked")).json()["items"])

    async def act(self, parked_id: str, action: str) -> httpx.Response:
        return await self.operator.post(f"{ADMIN}/parked/{parked_id}/{action}")

    async def effects(self, generation: int) -> list[tuple[str, int]]:
        async with self.running.runtime.database.read() as session:
            connection = await session.connection()
            rows = await connection.execute(
                select(EFFECT.c.name, EFFECT.c.change)
                .where(EFFECT.c.generation == generation)
                .order_by(EFFECT.c.place)
            )
            return [tuple(row) for row in rows]

    async def unaccounted(self) -> int:
        """Numbers given, less what the audit of the live group accounts for."""
        report = (await self.operator.get(f"{ADMIN}/audit")).json()["groups"][0]
        told = ("activities", "retractions", "snapshots", "parked", "dropped", "cancelled")
        return len(self.archive) - sum(row.get(n, 0) for row in report["rows"] for n in told)


@asynccontextmanager
async def a_rebuilt(folder: Path, backend: Backend) -> AsyncIterator[Rebuilt]:
    async with running(folder, CRM, await settings_on(backend, folder, CRM)) as fake:
        stopping = asyncio.Event()
        workers = asyncio.create_task(run_workers(fake.runtime, stopping))
        try:
            async with fake.client(**fake.bearer("*", "operator")) as operator:
                yield Rebuilt(fake, operator)
        finally:
            stopping.set()
            await workers


async def until(condition: Any, seconds: float = 120.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the condition is another's state
            await asyncio.sleep(0.02)


def recorded(actor: str, text: str) -> ActivityRecorded:
    return ActivityRecorded(activity=an_activity(actor, text))


async def has(crm: Rebuilt, generation: int, effects: int) -> bool:
    return len(await crm.effects(generation)) == effects


async def lie_parked(crm: Rebuilt, count: int) -> bool:
    return len(await crm.parked()) == count


async def is_in(crm: Rebuilt, state: str) -> bool:
    return await crm.state() == state
