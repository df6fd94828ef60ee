"""`republish`: the relay goes back to what was received since then, also to the newest of it."""

from datetime import timedelta

import pytest

from tests.ingest.running import an_activity
from tests.ingest.spine import spine_of

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.mark.parametrize("seconds", [0, 3, 3600])
async def test_what_was_received_since_then_is_published_again(ingest, seconds) -> None:
    spine = await spine_of(ingest)
    channel = await ingest.add_channel()
    ingest.clock.moment += timedelta(hours=2)
    received = ingest.clock.now()
    await ingest.call("POST", "/activities", [an_activity(channel)])
    await spine.run()
    since = (received - timedelta(seconds=seconds)).isoformat()
    body, operator = {"since": since}, {"workspace": "*", "role": "operator"}
    answer = await ingest.call("POST", "/admin/republish", body, **operator)
    assert (answer.status_code, answer.json()) == (202, {"shards": 1})
    successor = await spine_of(ingest)
    await successor.run()
    first, second = await successor.published()
    assert first == second
    later = received + timedelta(hours=1)
    for since, shards in (
        (later.isoformat(), 0),
        (str(received.date()), 1),
        (str((later + timedelta(days=2)).date()), 0),
    ):
        answer = await ingest.call("POST", "/admin/republish", {"since": since}, **operator)
        assert answer.json() == {"shards": shards}, since
