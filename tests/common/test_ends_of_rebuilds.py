"""Every rebuild ends: swapped in, or superseded by the next one; and then it leaves nothing."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mediaops_common.group_runner import GroupRunner
from mediaops_common.lease import acquire
from mediaops_common.projections import FIRST, live_generation
from mediaops_common.rebuild import group_name, open_rebuild, request_rebuild
from mediaops_common.swap import Superseded, try_swap
from sqlalchemy.exc import OperationalError

from tests.common.rebuilt import ADMIN, CRM, Rebuilt, a_rebuilt, has, is_in, recorded, until
from tests.common.spine import TOPIC
from tests.databases import Backend

pytestmark = pytest.mark.slow


@pytest.fixture
async def crm(tmp_path: Path, backend: Backend) -> AsyncIterator[Rebuilt]:
    async with a_rebuilt(tmp_path, backend) as rebuilt:
        yield rebuilt


async def test_an_error_behind_an_end_holds_no_rebuild_up(
    crm: Rebuilt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The `end` is applied, and the next statement meets a database that restarts."""
    applied, broke = GroupRunner._apply, []

    async def break_once(self: GroupRunner, *given: Any) -> None:
        await applied(self, *given)
        if self.ended and not broke:
            broke.append(self.ended)
            raise OperationalError("SELECT", None, Exception("terminating connection"))

    monkeypatch.setattr(GroupRunner, "_apply", break_once)
    await crm.publish(recorded("u1", "a"))
    await until(lambda: has(crm, 1, 1))
    await crm.begin()
    await until(lambda: is_in(crm, "done"))
    assert broke
    assert await crm.effects(2) == [("a", 1)]


async def test_a_rebuild_whose_end_was_lost_is_superseded_when_one_is_begun_anew(
    crm: Rebuilt,
) -> None:
    await crm.publish(recorded("u1", "a"))
    await until(lambda: has(crm, 1, 1))
    lost = await crm.begin(lost=[(TOPIC, 1)])
    await until(lambda: has(crm, 2, 1))
    assert await crm.state() == "replaying"
    refused = await crm.operator.post(f"{ADMIN}/rebuilds")
    assert refused.status_code == 409
    assert "anew" in refused.json()["detail"]
    bus = crm.running.runtime.bus
    before = [await bus.topic(topic) for topic in lost]
    done = await crm.begin(anew=True)
    await until(lambda: is_in(crm, "done"))
    assert await crm.states() == ["done", "superseded"]
    assert await crm.effects(3) == [("a", 1)]
    for topics in (lost, done):
        await until(lambda topics=topics: crm.has_gone(topics))
    assert not set(before) & {await bus.topic(topic) for topic in lost}
    trail = (await crm.operator.get(f"{ADMIN}/trail")).json()["items"]
    assert [item["detail"] for item in trail] == [{"anew": True}, {}]
    assert await crm.unaccounted() == 0


async def test_a_superseded_rebuild_is_not_swapped_in(crm: Rebuilt) -> None:
    database = crm.running.runtime.database
    async with database.write() as session:
        await request_rebuild(session, "crm", CRM.groups[0])
        first = await open_rebuild(session)
        lease = await acquire(session, "of this test", "its runner", seconds=600)
    async with database.write() as session:
        await request_rebuild(session, "crm", CRM.groups[0], anew=True)
    assert lease is not None
    with pytest.raises(Superseded):
        await try_swap(database, first, "crm.fast", group_name("crm", first), lease)
    async with database.read() as session:
        assert await live_generation(session) == FIRST


async def test_topics_that_cannot_be_removed_are_removed_later_and_the_rebuild_is_done(
    crm: Rebuilt, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus, told = crm.running.runtime.bus, []
    delete_topic = bus.delete_topic

    async def refuse(name: str) -> None:
        if len(told) < 2:
            raise OSError("no broker")
        await delete_topic(name)

    monkeypatch.setattr(bus, "delete_topic", refuse)
    monkeypatch.setattr(
        "mediaops_common.rebuild.tell_failure", lambda event, *_, **__: told.append(event)
    )
    await crm.publish(recorded("u1", "a"))
    await until(lambda: has(crm, 1, 1))
    topics = await crm.begin()
    before = [await bus.topic(topic) for topic in topics]
    await until(lambda: crm.has_gone(topics))
    assert told == ["rebuild_not_cleared_away"] * 2
    assert await crm.state() == "done"
    assert not set(before) & {await bus.topic(topic) for topic in topics}
