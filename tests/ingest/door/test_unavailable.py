"""The door while the database is away: 503 with Retry-After, never 500."""

import pytest
from sqlalchemy.exc import OperationalError

from tests.ingest.door.test_hooks import as_sent
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


async def test_a_hook_that_cannot_be_looked_up_is_asked_for_again(ingest, no_database):
    source = await ingest.add_source()
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


TIGHT = {"wecom", "douyin-live", "qq-bot"}
"""Those whose platforms wait for one to three seconds."""


async def test_the_tightest_limits_do_not_wait_for_a_slow_database(ingest, no_database):
    ingest.clock.moment = NOW
    tight = [one for one in OWN if one[0] in TIGHT]
    known = [await ingest.add_source(adapter=one[0], secrets=one[2]) for one in tight]
    await ingest.runtime.state["door_cache"]._look()
    for source in known:
        await ingest.knock(source, content=b"{}")
    # Whatever a statement takes from now on: what is answered, is answered without one.
    no_database(ingest)
    for (*_, proved), source in zip(tight, known, strict=True):
        answer = await ingest.knock(source, **as_sent(proved))
        assert answer.status_code == 200, answer.text
    assert len(await ingest.logged()) == len(tight)


async def test_a_handshake_is_answered_without_the_database(ingest, no_database):
    ingest.clock.moment = NOW
    bot = await ingest.add_source(adapter="qq-bot", secrets=QQ)
    company = await ingest.add_source(adapter="wecom", secrets=WECOM)
    await ingest.runtime.state["door_cache"]._look()
    for source in (bot, company):
        await ingest.knock(source, content=b"{}")
    no_database(ingest)
    asked = {"op": 13, "d": {"plain_token": "t", "event_ts": "1795338000"}}
    answer = await ingest.knock(bot, content=as_json(asked))
    assert (answer.status_code, answer.json()["plain_token"]) == (200, "t")
    answer = await ingest.knock(company, "GET", below=f"?{a_wecom_check(WECOM, '1616140317')}")
    assert (answer.status_code, answer.text) == (200, "1616140317")
    assert await ingest.logged() == []
