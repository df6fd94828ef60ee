"""A rebuild beside the live group decides of every event as the live group did."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from mediaops_common.bus import Record
from mediaops_common.consumer import ConsumerGroup
from mediaops_common.events import (
    Activity,
    ActivityRecorded,
    ActivityRetracted,
    SnapshotRecorded,
)
from mediaops_common.ids import new_id, slot_of
from mediaops_common.service import Service
from mediaops_common.workers import run_workers
from sqlalchemy import select

from tests.common.http.fake import Running, running, settings_on
from tests.common.spine import (
    CHANNEL,
    EFFECT,
    METADATA,
    NOW,
    POISON,
    SOURCE,
    TOPIC,
    WORKSPACE,
    Producer,
    an_activity,
    apply,
)
from tests.databases import Backend

pytestmark = pytest.mark.slow

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

    async def begin(self) -> None:
        """Orders a rebuild and publishes the archive on its topics, as ingest does."""
        answer = await self.operator.post(f"{ADMIN}/rebuilds")
        assert answer.status_code == 202, answer.text
        suffix = f".rebuild.{answer.json()['id'].replace('-', '')}"
        bus = self.running.runtime.bus
        for topic, record in self.archive:
            await bus.publish(topic + suffix, record.slot % 2, [record])
        for topic in TOPICS:
            for partition in range((await bus.topic(topic + suffix)).partitions):
                end = Record(b"", b"", "ingest", 0, 0, 0, "end")
                await bus.publish(topic + suffix, partition, [end])

    async def state(self) -> str:
        newest = (await self.operator.get(f"{ADMIN}/rebuilds")).json()["items"][0]
        return str(newest["state"])

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


@pytest.fixture(autouse=True)
def poison() -> Iterator[set[str]]:
    yield POISON
    POISON.clear()
    POISON.add("poison")


@pytest.fixture
async def crm(tmp_path: Path, backend: Backend) -> AsyncIterator[Rebuilt]:
    async with running(tmp_path, CRM, await settings_on(backend, tmp_path, CRM)) as fake:
        stopping = asyncio.Event()
        workers = asyncio.create_task(run_workers(fake.runtime, stopping))
        try:
            async with fake.client(**fake.bearer("*", "operator")) as operator:
                yield Rebuilt(fake, operator)
        finally:
            stopping.set()
            await workers


async def until(condition: Any, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the condition is another's state
            await asyncio.sleep(0.02)


def recorded(actor: str, text: str) -> ActivityRecorded:
    return ActivityRecorded(activity=an_activity(actor, text))


def retracted(activity: Activity) -> ActivityRetracted:
    return ActivityRetracted(activity=activity, retracted_at=NOW, reason="replay")


def a_snapshot() -> SnapshotRecorded:
    return SnapshotRecorded(
        id=new_id(),
        workspace_id=WORKSPACE,
        channel_id=CHANNEL,
        platform="site",
        metric="views",
        value=5,
        kind="gauge",
        as_of=NOW,
        received_at=NOW,
        source_id=SOURCE,
        delivery_id=new_id(),
        timezone="Asia/Shanghai",
    )


def an_actor_in(slot: int) -> str:
    names = (f"u{number}" for number in range(10_000))
    return next(n for n in names if slot_of(an_activity(n, "").key.encode()) == slot)


async def test_a_rebuild_leaves_out_what_was_dropped_and_nothing_else(crm: Rebuilt) -> None:
    # A snapshot under the same shard, slot and number, in the lane of another topic.
    actor = an_actor_in(slot_of(str(CHANNEL).encode()))
    await crm.publish(recorded(actor, "poison"))
    await crm.publish(a_snapshot())
    await crm.publish(recorded(actor, "good"))
    await until(lambda: _has(crm, 1, 2))
    (row,) = await crm.parked()
    assert (await crm.act(row["id"], "drop")).status_code == 200
    await crm.begin()
    await until(lambda: _is(crm, "done"))
    assert sorted(await crm.effects(2)) == [("good", 1), ("views", 1)]
    assert [(row["state"], row["group"]) for row in await crm.parked()] == [("dropped", "crm.fast")]
    assert await crm.unaccounted() == 0


async def test_what_was_dropped_because_nobody_could_read_it_holds_no_rebuild_up(
    crm: Rebuilt,
) -> None:
    broken = crm.producers[TOPIC].number(recorded("u1", "x"))
    broken = Record(broken.key, b"\xff{", broken.producer, broken.shard, broken.slot, broken.seq)
    await crm.producers[TOPIC].publish(broken)
    await until(lambda: _parked(crm, 1))
    (row,) = await crm.parked()
    await crm.act(row["id"], "drop")
    crm.archive.append((TOPIC, broken))
    await crm.begin()
    await until(lambda: _is(crm, "done"))
    assert len(await crm.parked()) == 1


async def test_a_rebuild_waits_for_what_lies_parked_until_it_is_decided(
    crm: Rebuilt, poison: set[str]
) -> None:
    event = recorded("u1", "poison")
    await crm.publish(event)
    await crm.publish(recorded("u1", "later"))
    await until(lambda: _parked(crm, 1))
    poison.clear()  # the handler was mended, so the rebuild could handle it
    await crm.begin()
    await asyncio.sleep(0.5)
    assert await crm.state() != "done"
    assert await crm.effects(2) == []
    # The mended mapping takes it back: it never counted, so neither does its retraction.
    await crm.publish(retracted(event.activity))
    await until(lambda: _is(crm, "done"))
    assert await crm.effects(2) == [("later", 1)]
    assert [row["state"] for row in await crm.parked()] == ["cancelled", "cancelled"]
    assert await crm.unaccounted() == 0


async def test_what_was_retried_meanwhile_counts_once(crm: Rebuilt, poison: set[str]) -> None:
    await crm.publish(recorded("u1", "poison"))
    await until(lambda: _parked(crm, 1))
    poison.clear()
    await crm.begin()
    (row,) = await crm.parked()
    assert (await crm.act(row["id"], "retry")).json()["state"] == "applied"
    await until(lambda: _is(crm, "done"))
    assert await crm.effects(2) == [("poison", 1)]
    assert await crm.unaccounted() == 0


async def test_what_only_the_rebuild_cannot_handle_is_retried_into_it(
    crm: Rebuilt, poison: set[str]
) -> None:
    await crm.publish(recorded("u1", "fine"))
    await until(lambda: _has(crm, 1, 1))
    poison.add("fine")
    await crm.begin()
    await until(lambda: _parked(crm, 1))
    (row,) = await crm.parked()
    assert row["group"].startswith("crm.rebuild.")
    assert await crm.state() != "done"
    poison.clear()
    assert (await crm.act(row["id"], "retry")).status_code == 200
    await until(lambda: _is(crm, "done"))
    assert await crm.effects(2) == [("fine", 1)]
    assert await crm.unaccounted() == 0


async def test_a_retry_in_vain_is_told_and_counted(crm: Rebuilt) -> None:
    await crm.publish(recorded("u1", "poison"))
    await until(lambda: _parked(crm, 1))
    (row,) = await crm.parked()
    assert row["attempts"] == 3
    answer = await crm.act(row["id"], "retry")
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/still-fails")
    (row,) = await crm.parked()
    assert (row["state"], row["attempts"]) == ("parked", 4)


async def test_two_retries_at_once_apply_it_once(crm: Rebuilt, poison: set[str]) -> None:
    await crm.publish(recorded("u1", "poison"))
    await until(lambda: _parked(crm, 1))
    (row,) = await crm.parked()
    poison.clear()
    answers = await asyncio.gather(*(crm.act(row["id"], "retry") for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert await crm.effects(1) == [("poison", 1)]


async def test_after_the_swap_the_old_rows_go_and_then_there_is_peace(crm: Rebuilt) -> None:
    for n in range(5):
        await crm.publish(recorded("u1", str(n)))
    await until(lambda: _has(crm, 1, 5))
    await crm.begin()
    await until(lambda: _is(crm, "done"))
    await until(lambda: _has(crm, 1, 0))
    await asyncio.sleep(0.3)
    commits, heard = 0, crm.running.runtime.database.committed()
    for _ in range(20):
        heard.clear()
        await asyncio.sleep(0.05)
        commits += heard.is_set()
    assert commits < 5


async def test_what_operators_do_is_in_the_trail(crm: Rebuilt) -> None:
    await crm.publish(recorded("u1", "poison"))
    await until(lambda: _parked(crm, 1))
    (row,) = await crm.parked()
    await crm.act(row["id"], "drop")
    await crm.begin()
    first = (await crm.operator.get(f"{ADMIN}/trail?limit=1")).json()
    second = (await crm.operator.get(f"{ADMIN}/trail?limit=1&after={first['next']}")).json()
    told = [(i["action"], i["object_type"]) for page in (first, second) for i in page["items"]]
    assert told == [("start", "rebuild"), ("drop", "parked-event")]
    assert second["next"] is None
    assert second["items"][0]["object_id"] == row["id"]
    forged = await crm.operator.get(f"{ADMIN}/trail?after=WyJ4Il0")
    assert forged.status_code == 422
    async with crm.running.client(**crm.running.bearer("acme")) as owner:
        assert (await owner.get(f"{ADMIN}/trail")).json()["items"] == []


async def _has(crm: Rebuilt, generation: int, effects: int) -> bool:
    return len(await crm.effects(generation)) == effects


async def _parked(crm: Rebuilt, count: int) -> bool:
    return len(await crm.parked()) == count


async def _is(crm: Rebuilt, state: str) -> bool:
    return await crm.state() == state
