"""Health of channels: what is heard, what falls silent, and what will end."""

from datetime import timedelta
from uuid import UUID

import pytest
from mediaops_common.events import ChannelHeard, ChannelSilent
from mediaops_ingest.health.jobs import listen
from mediaops_ingest.health.rhythm import allowed_seconds, with_gap

from tests.ingest.running import NOW, an_activity
from tests.ingest.spine import spine_of
from tests.ingest.workspaces.test_workspaces import outbox

HOUR = timedelta(hours=1)


async def health(ingest, source):
    answer = await ingest.call("GET", f"/channels/{source['channel_id']}/health")
    assert answer.status_code == 200, answer.text
    return answer.json()


def codes(shown):
    return [one["code"] for one in shown["warnings"]]


async def told(ingest, *kinds):
    return [one for one in await outbox(ingest) if isinstance(one, kinds)]


class Heard:
    """A source that is heard at moments of our choosing."""

    def __init__(self, ingest, spine, source):
        self.ingest, self.spine, self.source = ingest, spine, source
        self.number = 0

    async def at(self, moment):
        self.ingest.clock.moment = moment
        self.number += 1
        answer = await self.ingest.knock_signed(self.source, id_=f"m{self.number}")
        assert answer.status_code == 202
        await self.spine.run()
        await listen(self.ingest.runtime)

    async def daily(self, days: int):
        """Until NOW + days."""
        for day in range(days + 1):
            await self.at(NOW + timedelta(days=day))


@pytest.fixture
async def heard(ingest):
    return Heard(ingest, await spine_of(ingest), await ingest.add_source())


async def test_a_silence_is_told_once_and_so_is_its_end(heard):
    ingest, clock = heard.ingest, heard.ingest.clock
    await heard.daily(2)
    last = clock.moment
    shown = (await health(ingest, heard.source))["sources"][0]
    assert (shown["allowed_seconds"], shown["is_silent"]) == (48 * 3600, False)
    clock.moment = last + 48 * HOUR
    await listen(ingest.runtime)
    assert await told(ingest, ChannelSilent) == []
    clock.moment = last + 49 * HOUR
    for _ in range(3):
        await listen(ingest.runtime)
    (silent,) = await told(ingest, ChannelSilent)
    assert silent.source_id == UUID(heard.source["id"])
    assert (silent.last_received_at, silent.allowed_seconds) == (last, 48 * 3600)
    shown = await health(ingest, heard.source)
    assert (shown["is_silent"], codes(shown)) == (True, ["silent"])
    await heard.at(last + 60 * HOUR)
    (again,) = await told(ingest, ChannelHeard)
    assert (again.silent_since, again.last_received_at) == (last, last + 60 * HOUR)
    assert not (await health(ingest, heard.source))["is_silent"]


async def test_a_silence_does_not_become_the_rhythm(heard):
    await heard.daily(2)
    await heard.at(heard.ingest.clock.moment + 30 * HOUR)
    shown = (await health(heard.ingest, heard.source))["sources"][0]
    # Nobody listened meanwhile, so that it counts as a pause like any other.
    assert shown["allowed_seconds"] == 60 * 3600
    heard.ingest.clock.moment += 61 * HOUR
    await listen(heard.ingest.runtime)
    await heard.at(heard.ingest.clock.moment + HOUR)
    shown = (await health(heard.ingest, heard.source))["sources"][0]
    assert shown["allowed_seconds"] == 60 * 3600


async def test_of_a_new_or_disabled_source_nothing_is_expected(heard):
    ingest = heard.ingest
    await heard.daily(1)
    ingest.clock.moment += 1_000 * HOUR
    await listen(ingest.runtime)
    shown = await health(ingest, heard.source)
    assert (shown["sources"][0]["allowed_seconds"], shown["is_silent"]) == (None, False)
    await heard.at(ingest.clock.moment)
    path = f"/sources/{heard.source['id']}"
    answer = await ingest.call("PATCH", path, {"enabled": False}, headers={"If-Match": "*"})
    assert answer.status_code == 200
    ingest.clock.moment += 10_000 * HOUR
    await listen(ingest.runtime)
    assert await told(ingest, ChannelSilent) == []


async def test_what_is_posted_with_a_token_has_a_rhythm_too(ingest):
    spine, channel = await spine_of(ingest), await ingest.add_channel()
    for day in range(3):
        ingest.clock.moment = NOW + timedelta(days=day)
        happened = (ingest.clock.moment - HOUR).isoformat()
        sent = [an_activity(channel, occurred_at=happened, dedup_key=str(day))]
        await ingest.call("POST", "/activities", sent)
        await spine.run()
        await listen(ingest.runtime)
    shown = await health(ingest, {"channel_id": channel["id"]})
    assert shown["last_event_at"] == "2026-11-24T11:00:00Z"
    ingest.clock.moment += 49 * HOUR
    await listen(ingest.runtime)
    (silent,) = await told(ingest, ChannelSilent)
    assert silent.channel_id == UUID(channel["id"])
    assert codes(await health(ingest, {"channel_id": channel["id"]})) == ["silent"]


async def test_a_channel_says_what_is_missing(ingest):
    channel = await ingest.add_channel(operators=["lin"])
    shown = await health(ingest, {"channel_id": channel["id"]})
    assert codes(shown) == ["no_source", "one_operator"]
    assert (shown["last_received_at"], shown["is_silent"]) == (None, False)
    source = await ingest.add_source(channel)
    assert codes(await health(ingest, source)) == ["one_operator", "never_heard"]


async def test_a_secret_that_ends_is_warned_of_two_weeks_before(ingest):
    end = NOW + timedelta(days=30)
    source = await ingest.add_source(secrets_expire_at=end.isoformat())
    assert codes(await health(ingest, source)) == ["never_heard"]
    ingest.clock.moment = end - timedelta(days=13)
    shown = await health(ingest, source)
    assert codes(shown) == ["never_heard", "secret_expiring"]
    assert shown["sources"][0]["secret"]["expires_at"] == "2026-12-22T12:00:00Z"
    ingest.clock.moment = end
    assert codes(await health(ingest, source)) == ["never_heard", "secret_expired"]
    path = f"/sources/{source['id']}/rotate-secret"
    rotated = await ingest.call("POST", path, {"overlap_hours": 5})
    assert rotated.status_code == 200
    shown = await health(ingest, source)
    assert codes(shown) == ["never_heard"]
    secret = shown["sources"][0]["secret"]
    assert secret["expires_at"] is None
    later = (end + timedelta(days=90)).isoformat()
    path = f"/sources/{source['id']}"
    said = await ingest.call("PATCH", path, {"secrets_expire_at": later}, headers={"If-Match": "*"})
    assert said.status_code == 200
    shown = await health(ingest, source)
    assert shown["sources"][0]["secret"]["expires_at"] == "2027-03-22T12:00:00Z"
    assert secret["old_live_until"] == "2026-12-22T17:00:00Z"
    assert "whsec_" not in str(shown)


async def test_a_foreign_channel_has_no_health(ingest):
    await ingest.add_workspace("other")
    foreign = await ingest.add_channel("other")
    answer = await ingest.call("GET", f"/channels/{foreign['id']}/health")
    assert answer.status_code == 404


def test_a_rhythm_forgets_after_two_weeks_and_never_calls_within_the_hour():
    gaps = with_gap([], 100_000, NOW)
    for day in range(1, 14):
        gaps = with_gap(gaps, 60, NOW + timedelta(days=day))
    assert allowed_seconds(gaps) == 200_000
    gaps = with_gap(gaps, 60, NOW + timedelta(days=14))
    assert (len(gaps), allowed_seconds(gaps)) == (14, 3600)
