"""Effects happen exactly once and in order, whatever the bus repeats, loses or delays."""

import dataclasses
import random
from typing import Any

import msgspec
import pytest
from mediaops_common import parked
from mediaops_common.bus import Record
from mediaops_common.clock import FrozenClock
from mediaops_common.consumer import Handlers
from mediaops_common.context import current_traceparent
from mediaops_common.events import ActivityRecorded, ActivityRetracted, decode, encode
from mediaops_common.group_runner import LAG, GroupRunner, PositionMoved
from mediaops_common.metrics import REGISTRY
from mediaops_common.positions import begun_again
from mediaops_common.watermarks import shard_watermarks

from tests.common.spine import NOW, TOPIC, WORKSPACE, a_spine, an_activity

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
async def spine(tmp_path, backend):
    async with a_spine(tmp_path, backend=backend) as spine:
        yield spine


async def test_events_take_effect_once_although_the_bus_repeats_them(spine) -> None:
    records = [spine.producer.recorded("u1", str(n)) for n in range(5)]
    await spine.producer.publish(*records, *records, *records[2:])
    await spine.drain()
    assert await spine.effects() == [("u1", str(n), 1) for n in range(5)]


async def test_a_gap_stops_its_lane_and_no_other(spine) -> None:
    first, lost, third = (spine.producer.recorded("u1", name) for name in ("a", "b", "c"))
    other = spine.producer.recorded("u2", "x")
    await spine.producer.publish(first, third, other)
    await spine.drain()
    assert set(await spine.effects()) == {("u1", "a", 1), ("u2", "x", 1)}
    # What is missing comes behind the gap, in order, with all that was passed by.
    await spine.producer.publish(lost, third)
    await spine.drain()
    assert [e for e in await spine.effects() if e[0] == "u1"] == [
        ("u1", "a", 1),
        ("u1", "b", 1),
        ("u1", "c", 1),
    ]


async def test_heads_reveal_a_lost_tail_and_it_is_asked_for_once(spine) -> None:
    kept, lost = spine.producer.recorded("u1", "a"), spine.producer.recorded("u1", "b")
    await spine.producer.publish(kept)
    await spine.producer.heads()
    await spine.producer.heads()
    await spine.drain()
    (stall,) = await spine.rows(spine.database.tables.stall)
    assert (stall.shard, stall.slot, stall.missing) == (7, lost.slot, 2)
    asks = [decode(row.value)[1] for row in await spine.rows(spine.database.tables.outbox)]
    assert [(ask.missing, ask.fence, ask.producer) for ask in asks] == [(2, 1, "ingest")]
    # A new stream that does not bring it is asked again; one that brings it ends the stall.
    spine.producer.fence = 2
    await spine.producer.heads()
    await spine.drain()
    assert len(await spine.rows(spine.database.tables.outbox)) == 2
    await spine.producer.publish(lost)
    await spine.producer.heads()
    await spine.drain()
    assert await spine.rows(spine.database.tables.stall) == []
    assert len(await spine.effects()) == 2


async def test_what_needs_no_order_is_applied_behind_a_gap_too_and_again_in_its_turn(spine) -> None:
    heard: list[str] = []
    handlers = Handlers("early")

    @handlers.on(ActivityRecorded, out_of_turn=True)
    @handlers.on(ActivityRetracted)
    async def hear(_session, event) -> None:
        heard.append(event.activity.text)

    activity = an_activity("u1", "b")
    lost, early = spine.producer.recorded("u1", "a"), spine.producer.recorded("u1", "b")
    late = spine.producer.number(
        ActivityRetracted(activity=activity, retracted_at=NOW, reason="replay")
    )
    await spine.producer.publish(early, late)
    await spine.drain(spine.another_runner(handlers.as_group()))
    assert heard == ["b"]
    await spine.producer.publish(lost, early, late)
    await spine.drain(spine.another_runner(handlers.as_group()))
    assert heard == ["b", "a", "b", "b"]


async def test_a_watermark_passes_only_what_is_whole(spine) -> None:
    lost = spine.producer.recorded("u1", "a")
    await spine.producer.heads()
    await spine.drain()
    async with spine.database.read() as session:
        assert NOW not in (await shard_watermarks(session, "crm.fast")).values()
    await spine.producer.publish(lost)
    await spine.producer.heads()
    await spine.drain()
    async with spine.database.read() as session:
        assert await shard_watermarks(session, "crm.fast") == {7: NOW}


async def test_a_poison_event_is_parked_alone_and_stops_nobody(spine) -> None:
    names = ["a", "b", "poison", "c", "d"]
    await spine.producer.publish(*[spine.producer.recorded("u1", name) for name in names])
    await spine.drain()
    assert [name for _, name, _ in await spine.effects()] == ["a", "b", "c", "d"]
    (row,) = await spine.rows(spine.database.tables.parked)
    assert (row.state, row.type, row.seq) == ("parked", "activity.recorded", 3)
    assert "poison" in row.error


async def test_parked_events_are_counted_from_0_on(spine) -> None:
    """A count that begins at 1 has not risen, for whoever watches it."""
    group = dataclasses.replace(spine.runner.group, name="never-ran")
    spine.another_runner(group)
    labels = {"group": "crm.never-ran"}
    assert REGISTRY.get_sample_value("mediaops_parked_events_total", labels) == 0


async def test_what_cannot_be_decoded_is_parked_and_its_number_counts(spine) -> None:
    good = spine.producer.recorded("u1", "a")
    broken = spine.producer.recorded("u1", "b")
    broken = Record(broken.key, b"\xff{", broken.producer, broken.shard, broken.slot, broken.seq)
    last = spine.producer.recorded("u1", "c")
    await spine.producer.publish(good, broken, last)
    await spine.drain()
    assert [name for _, name, _ in await spine.effects()] == ["a", "c"]
    (row,) = await spine.rows(spine.database.tables.parked)
    assert row.type == "unreadable"


@pytest.mark.parametrize("state", ["parked", "dropped"])
async def test_a_retraction_that_meets_its_activity_parked_cancels_both(spine, state) -> None:
    activity = an_activity("u1", "poison")
    await spine.producer.publish(spine.producer.number(ActivityRecorded(activity=activity)))
    await spine.drain()
    (row,) = await spine.rows(spine.database.tables.parked)
    if state == "dropped":
        async with spine.database.write() as session:
            assert await parked.mark(session, row.id, ("parked",), "dropped")
    retraction = ActivityRetracted(activity=activity, retracted_at=NOW, reason="replay")
    await spine.producer.publish(spine.producer.number(retraction))
    await spine.drain()
    assert await spine.effects() == []
    states = [row.state for row in await spine.rows(spine.database.tables.parked)]
    assert states == ["cancelled", "cancelled"]


async def test_two_owners_of_a_partition_count_once(spine) -> None:
    # A zombie: both have fetched the same records before either applies them.
    zombie = spine.another_runner()
    mine = await spine.bus.consumer("a", [TOPIC], spine.runner.locate)
    its = await spine.bus.consumer("b", [TOPIC], zombie.locate)
    for consumer in (mine, its):
        assert await consumer.poll(10, 0.01) == []
    await spine.producer.publish(*[spine.producer.recorded("u1", str(n)) for n in range(3)])
    await spine.runner.step(mine, timeout=0.1)
    with pytest.raises(PositionMoved):
        await zombie.step(its, timeout=0.1)
    assert len(await spine.effects()) == 3
    await mine.close()
    await its.close()


async def test_what_was_held_back_keeps_nobody_from_reading_where_the_database_says(spine) -> None:
    located: list[int] = []
    runner = GroupRunner(
        service="crm",
        group=dataclasses.replace(spine.runner.group, max_records=2),
        database=spine.database,
        bus=spine.bus,
        clock=FrozenClock(NOW),
        name="crm.rebuild",
        generation=2,
        bound=spine.runner.name,
    )

    async def locate(assigned: Any) -> Any:
        located.append(len(assigned))
        return await runner.locate(assigned)

    consumer = await spine.bus.consumer(runner.name, [TOPIC], locate)
    await spine.producer.publish(*[spine.producer.recorded("u1", str(n)) for n in range(3)])
    for _ in range(3):  # it holds as much as it may, and reads no more
        assert await runner.step(consumer, timeout=0.1) == 0
    before = len(located)
    runner.relocate(consumer)
    assert await runner.step(consumer, timeout=0.1) == 0
    assert len(located) > before
    await spine.drain()
    for _ in range(6):
        await runner.step(consumer, timeout=0.1)
    assert await spine.effects(2) == [("u1", str(n), 1) for n in range(3)]
    await consumer.close()


async def test_a_log_made_again_counts_nothing_twice(spine) -> None:
    records = [spine.producer.recorded(f"u{n}", "x") for n in range(6)]
    await spine.producer.publish(*records)
    await spine.drain()
    await spine.bus.delete_topic(TOPIC)
    await spine.bus.topic(TOPIC)
    await spine.producer.publish(*records, spine.producer.recorded("u9", "new"))
    await spine.drain(spine.another_runner())
    assert len(await spine.effects()) == 7


async def test_of_a_log_made_again_it_is_said_until_all_is_told_that_may_be_missing(spine) -> None:
    async def is_red() -> bool:
        async with spine.database.read() as session:
            return await begun_again(session, [spine.runner.name]) == [spine.runner.name]

    told, lost = spine.producer.recorded("u1", "told"), spine.producer.recorded("u1", "lost")
    await spine.producer.publish(told)
    await spine.producer.heads()
    await spine.drain()
    assert not await is_red()
    await spine.bus.delete_topic(TOPIC)
    await spine.bus.topic(TOPIC)
    await spine.producer.publish(told)
    # It stays said when another member goes on: after a restart, or when the group is shared out.
    for runner in (spine.runner, spine.another_runner()):
        await spine.drain(runner)
        assert await is_red()
    await spine.producer.heads()
    await spine.drain(spine.another_runner())
    # From here on the gap itself says it, until it is filled.
    assert not await is_red()
    assert [row.missing for row in await spine.rows(spine.database.tables.stall)] == [lost.seq]


async def test_the_end_of_a_rebuilds_topic_is_met_by_whoever_reads_on(spine) -> None:
    topic = f"{TOPIC}.rebuild.1"
    recorded, end = spine.producer.recorded("u1", "a"), Record(b"", b"", "ingest", 0, 0, 0, "end")
    await spine.bus.topic(topic, partitions=1)
    # Said twice, by a publisher that did not know whether it had arrived, and overtaken by another.
    await spine.bus.publish(topic, 0, [recorded, end, end, recorded])
    group = dataclasses.replace(spine.runner.group, topics=(topic,))
    for _ in range(3):
        runner = spine.another_runner(group)
        consumer = await spine.bus.consumer(runner.name, [topic], runner.locate)
        for _ in range(3):
            await runner.step(consumer, timeout=0.05)
        assert runner.ended == {(topic, 0)}
        await consumer.close()
    assert await spine.effects() == [("u1", "a", 1)]


async def test_counters_say_what_was_applied(spine) -> None:
    await spine.producer.publish(*[spine.producer.recorded(f"u{n}", "x") for n in range(4)])
    await spine.drain()
    rows = await spine.rows(spine.database.tables.applied)
    assert sum(row.activities for row in rows) == 4
    assert {row.group for row in rows} == {"crm.fast"}


@pytest.mark.databases
@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(n, marks=pytest.mark.slow) for n in range(3, 12))]
)
async def test_whatever_the_bus_does_everything_counts_once_in_order(spine, seed) -> None:
    """Loss, repeats and restarts at random; a loss is healed by going back, as the relay does."""
    chance = random.Random(seed)
    sent: list[Record] = []
    for n in range(60):
        sent.append(spine.producer.recorded(f"u{chance.randrange(5)}", str(n)))
    cursor = 0
    while cursor < len(sent):
        take = sent[cursor : cursor + chance.randrange(1, 12)]
        cut = chance.randrange(len(take) + 1) if chance.random() < 0.3 else len(take)
        await spine.producer.publish(*take[:cut])  # the tail is lost
        if chance.random() < 0.5:
            await spine.drain(spine.another_runner() if chance.random() < 0.5 else None)
        if cut < len(take) or chance.random() < 0.2:
            cursor = max(0, cursor - chance.randrange(10))  # the relay goes back
        else:
            cursor += len(take)
    await spine.producer.heads()
    await spine.drain(spine.another_runner())
    by_actor: dict[str, list[int]] = {}
    for actor, name, change in await spine.effects():
        assert change == 1
        by_actor.setdefault(actor, []).append(int(name))
    assert sorted(n for names in by_actor.values() for n in names) == list(range(60))
    assert all(names == sorted(names) for names in by_actor.values())


async def test_heads_that_cannot_be_read_stop_nobody(spine) -> None:
    broken = Record(b"", b"\xff{", "ingest", 0, 0, 0, "heads")
    await spine.bus.publish(TOPIC, 0, [broken])
    await spine.producer.publish(spine.producer.recorded("u1", "a"))
    await spine.drain()
    assert await spine.effects() == [("u1", "a", 1)]
    assert await spine.rows(spine.database.tables.parked) == []


async def test_what_a_handler_tells_belongs_to_the_trace_of_its_event(spine) -> None:
    handlers, seen = Handlers("told"), []

    @handlers.on(ActivityRecorded)
    async def listen(session, event: ActivityRecorded) -> None:
        seen.append(current_traceparent())

    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    for parent in (f"00-{trace}-00f067aa0ba902b7-01", None):
        event = ActivityRecorded(activity=an_activity("u1", "a"))
        record = spine.producer.number(event)
        value = encode(
            event, source="/ingest", time=NOW, workspace_id=WORKSPACE, traceparent=parent
        )
        await spine.producer.publish(msgspec.structs.replace(record, value=value))
    runner = spine.another_runner(handlers.as_group())
    await spine.drain(runner)
    first, second = seen
    assert first.split("-")[1] == trace
    assert first.split("-")[2] != "00f067aa0ba902b7"
    assert second is None


def taken_back(spine, actor: str, name: str):
    retraction = ActivityRetracted(
        activity=an_activity(actor, name), retracted_at=NOW, reason="replay"
    )
    return spine.producer.number(retraction)


async def test_events_alike_that_follow_each_other_are_handled_together(spine) -> None:
    handlers, seen = Handlers("together"), []

    @handlers.on_several(ActivityRecorded)
    async def listen(session, events: list[ActivityRecorded]) -> None:
        seen.append([event.activity.text for event in events])

    @handlers.on(ActivityRetracted)
    async def hear(session, event: ActivityRetracted) -> None:
        seen.append("retracted")

    await spine.producer.publish(
        spine.producer.recorded("u1", "a"),
        spine.producer.recorded("u1", "b"),
        taken_back(spine, "u1", "a"),
        spine.producer.recorded("u1", "c"),
    )
    await spine.drain(spine.another_runner(handlers.as_group()))
    assert seen == [["a", "b"], "retracted", ["c"]]


class Dispossessed:
    """A member of a group that has more members than partitions."""

    places: frozenset[tuple[str, int]] = frozenset()

    async def poll(self, max_records: int, timeout: float) -> list:
        return []


async def test_lag_is_told_of_the_partitions_that_are_read_and_of_no_other(spine) -> None:
    def told() -> set[str]:
        (lag,) = LAG.collect()
        of = (spine.runner.name, spine.producer.topic)
        every = [sample.labels for sample in lag.samples]
        return {one["partition"] for one in every if (one["group"], one["topic"]) == of}

    await spine.producer.publish(*(spine.producer.recorded(f"u{n}", "a") for n in range(9)))
    await spine.drain()
    assert told() >= {"0", "1"}
    await spine.runner.step(Dispossessed())
    assert told().isdisjoint({"0", "1"})


async def test_what_a_group_does_not_take_counts_as_dealt_with(spine) -> None:
    handlers, seen = Handlers("retracted"), []

    @handlers.on(ActivityRetracted)
    async def hear(session, event: ActivityRetracted) -> None:
        seen.append(event)

    unreadable = msgspec.structs.replace(
        spine.producer.recorded("u1", "a"),
        value=b'{"specversion":"1.0","id":"1","source":"/ingest","subject":"s",'
        b'"type":"mediaops.activity.recorded.v1","time":"2026-01-01T00:00:00Z","data":{}}',
    )
    await spine.producer.publish(unreadable, taken_back(spine, "u1", "a"))
    await spine.drain(spine.another_runner(handlers.as_group()))
    assert len(seen) == 1
    assert await spine.rows(spine.database.tables.parked) == []
