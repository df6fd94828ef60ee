"""What consumers miss is found by the archive's marks: no chunk is read, and nobody waits."""

import runpy
from typing import Any
from uuid import UUID, uuid4

import pytest
from mediaops_common.consumer import Batch
from mediaops_common.events import CrmLaneStalled
from mediaops_common.ids import SLOTS, shard_of
from mediaops_common.projections import Projection
from mediaops_common.workers import groups_of
from mediaops_ingest.main import INGEST
from mediaops_ingest.normaliser import repository
from mediaops_ingest.republish import service
from sqlalchemy import event, text

from tests.ingest.running import NOW, an_activity
from tests.ingest.spine import Spine, spine_of

pytestmark = pytest.mark.databases("sqlite", "postgresql")

CHUNKS = 23
EVERY = 4
WANTED = 14
"""The chunk whose event somebody misses; the mark before it lies behind chunk 12."""
TOPIC = "mediaops.activity"


class Archive:
    """One shard with some chunks of one event each, all of them published."""

    def __init__(self, ingest: Any, spine: Spine, channel: dict[str, Any]) -> None:
        self.ingest, self.spine, self.channel = ingest, spine, channel
        self.shard = shard_of(UUID(channel["id"]))
        self.statements: list[str] = []

    async def grow(self, actor: str) -> None:
        """By one chunk."""
        act = an_activity(self.channel, actor={"external_id": actor}, dedup_key=uuid4().hex)
        await self.ingest.call("POST", "/activities", [act])
        await self.spine.normaliser.step()

    @property
    def fence(self) -> int:
        return self.spine.held.fence(self.shard)

    def ask(self, slot: int, missing: int, **changes: Any) -> CrmLaneStalled:
        lane = {"producer": "ingest", "topic": TOPIC, "shard": self.shard, "slot": slot}
        given = lane | {"fence": self.fence, "group": "crm.fast", "missing": missing} | changes
        return CrmLaneStalled(**given)

    async def hear(self, asks: list[CrmLaneStalled]) -> None:
        """As the consumer loop does: one batch, one transaction."""
        runtime = self.ingest.runtime
        (group,) = (one for one in groups_of(runtime) if one.name == "asks")
        assert CrmLaneStalled in group.out_of_turn
        engine = runtime.database.writer.sync_engine

        def note(connection, cursor, statement, *_) -> None:
            self.statements.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        async with runtime.database.write() as session:
            await group.apply(session, Batch(asks, Projection(1, is_live=True), NOW))
        event.remove(engine, "before_cursor_execute", note)

    async def stand(self) -> tuple[int, int]:
        """The last chunk that counts as published, and the fencing number."""
        async with self.ingest.runtime.database.read() as session:
            connection = await session.connection()
            query = "SELECT published, fence FROM shard JOIN lease ON name = :name WHERE shard = :n"
            given = {"name": f"shard:{self.shard}", "n": self.shard}
            row = (await connection.execute(text(query), given)).one()
        return row.published, row.fence


@pytest.fixture
async def archive(ingest, monkeypatch) -> Archive:
    monkeypatch.setattr(repository, "MARK_EVERY", EVERY)
    archive = Archive(ingest, await spine_of(ingest), await ingest.add_channel())
    for number in range(1, CHUNKS + 1):
        await archive.grow("wanted" if number == WANTED else "others")
    await archive.spine.run()
    return archive


def slots_of(archive: Archive) -> tuple[int, int]:
    """The lane of the wanted event, and that of the others."""
    numbers = archive.spine.held.states[archive.shard].numbers[0]
    return numbers.index(1), numbers.index(CHUNKS - 1)


async def test_many_asks_of_a_shard_are_answered_at_once_and_read_no_chunk(archive) -> None:
    wanted, others = slots_of(archive)
    before = await archive.stand()
    unanswerable = [archive.ask(slot, 10**9) for slot in range(SLOTS)]
    await archive.hear([*unanswerable, archive.ask(others, CHUNKS - 1), archive.ask(wanted, 1)])
    assert await archive.stand() == (12, before[1] + 1)
    searching = [one for one in archive.statements if "archive_" in one or "lease" in one]
    assert not [one for one in searching if "archive_chunk" in one]
    assert len(searching) < 12
    (last,) = [n for n, one in enumerate(searching) if "UPDATE lease" in one]
    locking = [n for n, one in enumerate(searching) if "FOR UPDATE" in one and "lease" in one]
    assert all("archive_" not in one for one in searching[min(locking, default=last) :])
    successor = await spine_of(archive.ingest)
    await successor.run()
    published = await successor.published()
    again = len(published) - len({one.activity.id for one in published})
    assert again == CHUNKS - 12


async def test_asks_that_cannot_be_answered_lock_and_change_nothing(archive) -> None:
    wanted, others = slots_of(archive)
    before = await archive.stand()
    lost = [archive.ask(slot, 10**9) for slot in range(SLOTS)]
    stale = archive.ask(wanted, 1, fence=archive.fence - 1)
    await archive.hear([*lost, stale, archive.ask(others, 1, producer="content")])
    assert await archive.stand() == before
    assert not [
        one for one in archive.statements if "UPDATE lease" in one or "archive_chunk" in one
    ]
    assert not [one for one in archive.statements if "FOR UPDATE" in one and "lease" in one]


@pytest.mark.parametrize(("far", "published"), [(CHUNKS, 0), (CHUNKS - 1, CHUNKS)])
async def test_what_is_older_than_the_first_mark_is_published_again_only_where_that_is_not_far(
    archive, monkeypatch, far, published
) -> None:
    monkeypatch.setattr(service, "FAR", far)
    upgrade = runpy.run_path(str(INGEST.versions / "2026_11_28_marks_of_the_archive.py"))
    async with archive.ingest.runtime.database.write() as session:
        connection = await session.connection()
        await connection.execute(text("DELETE FROM archive_mark"))
        await connection.execute(text(upgrade["FIRST"]))
    wanted, others = slots_of(archive)
    await archive.hear([archive.ask(wanted, 1)])
    assert (await archive.stand())[0] == published
    archive.spine = await spine_of(archive.ingest)
    await archive.grow("others")
    await archive.spine.run()
    await archive.hear([archive.ask(wanted, 1), archive.ask(others, CHUNKS)])
    assert (await archive.stand())[0] == published, "the one that is found is answered all the same"
