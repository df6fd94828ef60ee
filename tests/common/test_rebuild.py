"""A rebuild beside the live group decides of every event as the live group did."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from mediaops_common.bus import Record
from mediaops_common.events import Activity, ActivityRetracted, SnapshotRecorded
from mediaops_common.ids import new_id, slot_of

from tests.common.rebuilt import ADMIN, Rebuilt, a_rebuilt, has, is_in, lie_parked, recorded, until
from tests.common.spine import CHANNEL, NOW, POISON, SOURCE, TOPIC, WORKSPACE, an_activity
from tests.databases import Backend

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def poison() -> Iterator[set[str]]:
    yield POISON
    POISON.clear()
    POISON.add("poison")


@pytest.fixture
async def crm(tmp_path: Path, backend: Backend) -> AsyncIterator[Rebuilt]:
    async with a_rebuilt(tmp_path, backend) as rebuilt:
        yield rebuilt


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
    await until(lambda: has(crm, 1, 2))
    (row,) = await crm.parked()
    assert (await crm.act(row["id"], "drop")).status_code == 200
    await crm.begin()
    await until(lambda: is_in(crm, "done"))
    assert sorted(await crm.effects(2)) == [("good", 1), ("views", 1)]
    assert [(row["state"], row["group"]) for row in await crm.parked()] == [("dropped", "crm.fast")]
    assert await crm.unaccounted() == 0


async def test_what_was_dropped_because_nobody_could_read_it_holds_no_rebuild_up(
    crm: Rebuilt,
) -> None:
    broken = crm.producers[TOPIC].number(recorded("u1", "x"))
    broken = Record(broken.key, b"\xff{", broken.producer, broken.shard, broken.slot, broken.seq)
    await crm.producers[TOPIC].publish(broken)
    await until(lambda: lie_parked(crm, 1))
    (row,) = await crm.parked()
    await crm.act(row["id"], "drop")
    crm.archive.append((TOPIC, broken))
    await crm.begin()
    await until(lambda: is_in(crm, "done"))
    assert len(await crm.parked()) == 1


async def test_a_rebuild_waits_for_what_lies_parked_until_it_is_decided(
    crm: Rebuilt, poison: set[str]
) -> None:
    event = recorded("u1", "poison")
    await crm.publish(event)
    await crm.publish(recorded("u1", "later"))
    await until(lambda: lie_parked(crm, 1))
    poison.clear()  # the handler was mended, so the rebuild could handle it
    await crm.begin()
    await asyncio.sleep(0.5)
    assert await crm.state() != "done"
    assert await crm.effects(2) == []
    # The mended mapping takes it back: it never counted, so neither does its retraction.
    await crm.publish(retracted(event.activity))
    await until(lambda: is_in(crm, "done"))
    assert await crm.effects(2) == [("later", 1)]
    assert [row["state"] for row in await crm.parked()] == ["cancelled", "cancelled"]
    assert await crm.unaccounted() == 0


async def test_what_was_retried_meanwhile_counts_once(crm: Rebuilt, poison: set[str]) -> None:
    await crm.publish(recorded("u1", "poison"))
    await until(lambda: lie_parked(crm, 1))
    poison.clear()
    await crm.begin()
    (row,) = await crm.parked()
    assert (await crm.act(row["id"], "retry")).json()["state"] == "applied"
    await until(lambda: is_in(crm, "done"))
    assert await crm.effects(2) == [("poison", 1)]
    assert await crm.unaccounted() == 0


async def test_what_only_the_rebuild_cannot_handle_is_retried_into_it(
    crm: Rebuilt, poison: set[str]
) -> None:
    await crm.publish(recorded("u1", "fine"))
    await until(lambda: has(crm, 1, 1))
    poison.add("fine")
    await crm.begin()
    await until(lambda: lie_parked(crm, 1))
    (row,) = await crm.parked()
    assert row["group"].startswith("crm.rebuild.")
    assert await crm.state() != "done"
    poison.clear()
    assert (await crm.act(row["id"], "retry")).status_code == 200
    await until(lambda: is_in(crm, "done"))
    assert await crm.effects(2) == [("fine", 1)]
    assert await crm.unaccounted() == 0


async def test_a_retry_in_vain_is_told_and_counted(crm: Rebuilt) -> None:
    await crm.publish(recorded("u1", "poison"))
    await until(lambda: lie_parked(crm, 1))
    (row,) = await crm.parked()
    assert row["attempts"] == 3
    answer = await crm.act(row["id"], "retry")
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/still-fails")
    (row,) = await crm.parked()
    assert (row["state"], row["attempts"]) == ("parked", 4)


async def test_two_retries_at_once_apply_it_once(crm: Rebuilt, poison: set[str]) -> None:
    await crm.publish(recorded("u1", "poison"))
    await until(lambda: lie_parked(crm, 1))
    (row,) = await crm.parked()
    poison.clear()
    answers = await asyncio.gather(*(crm.act(row["id"], "retry") for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert await crm.effects(1) == [("poison", 1)]


async def test_after_the_swap_the_old_rows_go_and_then_there_is_peace(crm: Rebuilt) -> None:
    for n in range(5):
        await crm.publish(recorded("u1", str(n)))
    await until(lambda: has(crm, 1, 5))
    await crm.begin()
    await until(lambda: is_in(crm, "done"))
    await until(lambda: has(crm, 1, 0))
    await asyncio.sleep(0.3)
    commits, heard = 0, crm.running.runtime.database.committed()
    for _ in range(20):
        heard.clear()
        await asyncio.sleep(0.05)
        commits += heard.is_set()
    assert commits < 5


async def test_what_operators_do_is_in_the_trail(crm: Rebuilt) -> None:
    await crm.publish(recorded("u1", "poison"))
    await until(lambda: lie_parked(crm, 1))
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
