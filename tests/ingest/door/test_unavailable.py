"""The door while the database is away or slow: 503 with Retry-After, never 500, and in time."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from mediaops_ingest.delivery_log.intake import WATCH_SECONDS
from mediaops_ingest.door.cache import READ_SECONDS
from mediaops_ingest.door.hooks import MARGIN_SECONDS, PROMPT_SECONDS
from mediaops_ingest.platforms.registry import attachable
from mediaops_ingest.settings import IngestSettings
from mediaops_ingest.sources import service as sources
from sqlalchemy.exc import OperationalError

from tests.ingest.door.test_hooks import UNKNOWN, as_sent
from tests.ingest.platforms.chinese_signers import QQ, WECOM, a_wecom_check, as_json
from tests.ingest.platforms.signers import NOW
from tests.ingest.platforms.test_hostile import OWN
from tests.ingest.running import an_activity


@pytest.fixture
def no_database(monkeypatch):
    def cut(ingest) -> None:
        def refuse(*_):
            raise OperationalError("SELECT 1", None, OSError("away"))

        monkeypatch.setattr(ingest.runtime.database, "read", refuse)
        monkeypatch.setattr(ingest.runtime.database, "write", refuse)

    return cut


@pytest.fixture
def slow_database(monkeypatch):
    """Every statement waits until the event is set, which is returned; nobody follows changes."""

    def slow(ingest) -> asyncio.Event:
        real, answers = ingest.runtime.database.read, asyncio.Event()

        @asynccontextmanager
        async def wait():
            await answers.wait()
            async with real() as session:
                yield session

        ingest.runtime.state["door_follower"].cancel()
        monkeypatch.setattr(ingest.runtime.database, "read", wait)
        monkeypatch.setattr(ingest.runtime.database, "write", wait)
        return answers

    return slow


async def test_a_hook_that_cannot_be_looked_up_is_asked_for_again(ingest, no_database):
    source = await ingest.add_source()
    ingest.forget(source)
    no_database(ingest)
    answer = await ingest.knock(source, content=b"{}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_activities_of_a_channel_that_cannot_be_looked_up_are_asked_for_again(
    ingest, no_database
):
    channel = await ingest.add_channel()
    no_database(ingest)
    answer = await ingest.call("POST", "/activities", [an_activity(channel)])
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.headers["content-type"] == "application/problem+json"


TIGHT = {"wecom", "douyin-live", "line", "qq-bot", "discord", "x-activity"}
"""Those whose platforms wait for one to three seconds."""


async def test_the_tightest_limits_do_not_wait_for_a_slow_database_whatever_changes(
    ingest, slow_database
):
    tight = [one for one in OWN if one[0] in TIGHT]
    assert {one[0] for one in tight} == TIGHT
    # Just made, the registry changed once more, and this replica has not looked at it since.
    known = [await ingest.add_source(adapter=one[0], secrets=one[2]) for one in tight]
    await ingest.add_workspace("another")
    await ingest.add_channel()
    answers = slow_database(ingest)
    # Whatever a statement takes from now on: what is answered, is answered without one.
    for (*_, proved), source in zip(tight, known, strict=True):
        ingest.clock.moment = proved.now
        answer = await ingest.knock(source, **as_sent(proved))
        assert answer.status_code < 300, answer.text
    assert len(await ingest.logged()) == len(tight)
    answers.set()


async def test_a_source_that_is_not_known_yet_waits_for_a_slow_database_no_longer_than_it_may(
    ingest, slow_database, monkeypatch
):
    source = await ingest.add_source()
    ingest.forget(source)
    answers = slow_database(ingest)
    monkeypatch.setattr("mediaops_ingest.door.cache.READ_SECONDS", 0.01)
    for target in (source, UNKNOWN | {"secrets": source["secrets"]}):
        answer = await ingest.knock_signed(target)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    # A flood of keys that nobody has does not pile up behind it.
    monkeypatch.setattr("mediaops_ingest.door.cache.MAX_READING", 2)
    third = {"hook_url": "/ingest/hooks/" + "r" * 32}
    assert (await ingest.knock(third, content=b"{}")).status_code == 503
    waiting = ingest.runtime.state["door_cache"]._loading
    assert len(waiting) == 2
    answers.set()
    await asyncio.wait(set(waiting.values()))
    monkeypatch.setattr("mediaops_ingest.door.cache.READ_SECONDS", 60)
    assert (await ingest.knock_signed(source)).status_code == 202
    assert (await ingest.knock(UNKNOWN, content=b"{}")).status_code == 404


async def test_what_is_changed_here_holds_at_once_and_what_is_changed_elsewhere_when_it_is_read(
    ingest, slow_database
):
    here, elsewhere = await ingest.add_source(), await ingest.add_source()
    cache = ingest.runtime.state["door_cache"]
    for source in (here, elsewhere):
        assert (await ingest.knock_signed(source)).status_code == 202
        before = dict(cache._hooks)
        path, off = f"/sources/{source['id']}", {"enabled": False}
        await ingest.call("PATCH", path, off, headers={"If-Match": "*"})
    # As if another replica had done that: this one still knows what it knew.
    cache._hooks = before
    answers = slow_database(ingest)
    looking = asyncio.create_task(cache._look())
    assert (await ingest.knock_signed(elsewhere)).status_code == 202
    answers.set()
    await looking
    for source in (here, elsewhere):
        assert (await ingest.knock_signed(source)).status_code == 404


async def test_what_is_made_here_while_the_registry_is_slow_to_be_read_stays_known(
    ingest, no_database, monkeypatch
):
    reads, goes_on, real = asyncio.Event(), asyncio.Event(), sources.enabled_versions

    async def slow(*arguments):
        reads.set()
        await goes_on.wait()
        return await real(*arguments)

    monkeypatch.setattr(sources, "enabled_versions", slow)
    await ingest.add_channel()
    looking = asyncio.create_task(ingest.runtime.state["door_cache"]._look())
    await reads.wait()
    source = await ingest.add_source()
    goes_on.set()
    await looking
    no_database(ingest)
    assert (await ingest.knock_signed(source)).status_code == 202


async def test_what_is_slow_to_be_looked_up_leaves_the_log_what_is_left(ingest, monkeypatch):
    [(_, _, secrets, proved)] = [case for case in OWN if case[0] == "douyin-live"]
    ingest.clock.moment = proved.now
    source = await ingest.add_source(adapter="douyin-live", secrets=secrets)
    monkeypatch.setattr("mediaops_ingest.door.hooks.PROMPT_SECONDS", 0.0)
    monkeypatch.setattr("mediaops_ingest.door.hooks.MARGIN_SECONDS", 2.0)

    async def never(_deliveries):
        await asyncio.Event().wait()

    monkeypatch.setattr(ingest.log, "append", never)
    answer = await ingest.knock(source, **as_sent(proved))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_every_deadline_is_met_by_construction():
    field = IngestSettings.model_fields["append_seconds"]
    [longest] = [one.le for one in field.metadata if hasattr(one, "le")]
    for adapter in attachable():
        deadline = adapter.declaration.deadline_seconds
        assert deadline > READ_SECONDS + MARGIN_SECONDS
        # Within a second WeCom wants its handshake, for which nothing is kept; all else in 5 s.
        kept = 5.0 if adapter.declaration.name == "wecom" else deadline
        assert kept > PROMPT_SECONDS + longest + WATCH_SECONDS


async def test_a_handshake_is_answered_without_the_database(ingest, slow_database):
    ingest.clock.moment = NOW
    bot = await ingest.add_source(adapter="qq-bot", secrets=QQ)
    company = await ingest.add_source(adapter="wecom", secrets=WECOM)
    await ingest.add_channel()
    answers = slow_database(ingest)
    asked = {"op": 13, "d": {"plain_token": "t", "event_ts": "1795338000"}}
    answer = await ingest.knock(bot, content=as_json(asked))
    assert (answer.status_code, answer.json()["plain_token"]) == (200, "t")
    answer = await ingest.knock(company, "GET", below=f"?{a_wecom_check(WECOM, '1616140317')}")
    assert (answer.status_code, answer.text) == (200, "1616140317")
    assert await ingest.logged() == []
    answers.set()
